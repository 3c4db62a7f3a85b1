"""What the server may say to a person who uses the pages, marked for translation.

Errors carry their sentence in English; pages and scripts look it up here by way of the catalogues.
A sentence that is not listed is shown as it is: those for programmers need no translation.
tests/shape/test_translations.py asserts that somebody still says each of them.
"""


def _(sentence: str) -> str:
    return sentence


SENTENCES = (
    # anywhere
    _("There is nothing at this address."),
    _("Something went wrong on our side; it has been noted."),
    _("The body is larger than 1 MiB."),
    _("The disk does not keep up; try again in a moment."),
    _("This was sent by a page of another site; open it here and try again."),
    _("This page is out of date; reload it and try again."),
    # captions of a lecture that runs
    _("The caption is empty."),
    _("The caption is longer than a screen can show."),
    _("The lecture is not live; captions of a recording have an editor."),
    _("This lecture has more captions than anybody can read."),
    # who someone is
    _("The user name or the password is not right."),
    _("Too many attempts; wait a moment and try again."),
    _("Very many people are signing in; try again in a moment."),
    _("Your session or token is over; sign in again."),
    _("Sign in first."),
    _("Your role does not allow this here."),
    _("This ticket is not one of ours; ask for a new link."),
    _("This is no ticket; ask for a new link."),
    _("This ticket is over; ask for a new link."),
    # planning
    _("There is no such lecture."),
    _("No class of this series lies ahead; look at its weeks."),
    _("Some classes do not fit; nothing is saved."),
    _("There is no such calendar."),
    # moving a class
    _("Choose a time in the same week: the classes that follow stay in theirs."),
    _("Only classes that are planned can be moved."),
    _("This lecture is of no series."),
    # what speaks against a class
    _("{name} teaches “{title}” from {begins} to {ends} ({zone}); the next free time is {free}."),
    _(
        "The group {name} has “{title}” from {begins} to {ends} ({zone}); "
        "the next free time is {free}."
    ),
    _(
        "The auditorium {name} is taken by “{title}” from {begins} to {ends} ({zone}); "
        "the next free time is {free}."
    ),
    _(
        "The channel {name} has “{title}” from {begins} to {ends} ({zone}); "
        "the next free time is {free}."
    ),
    _("{day} is a holiday: {name}."),
    _("{day} is a holiday at {organisation}, from where {count} learners come: {name}."),
    _("{count} of the learners have “{title}” from {begins} to {ends}."),
    _("{count} people would be in rooms at once, {most} is what the service bears."),
    _(
        "{count} people would be in rooms at once, {most} is what the service bears; "
        "there is room for them at {free}."
    ),
    _("Somebody changed this lecture meanwhile; reload it."),
    _("This lecture has begun; it can't be cancelled any more, only stopped."),
    _("A lecture ends after it starts."),
    _("A lecture takes 12 hours at most."),
    _("A lecture is planned five years ahead at most."),
    _("This time is past; a lecture ends in the future."),
    _("This lecture is cancelled; plan a new one."),
    _("This lecture is over; only its title and summary can change."),
    _("This lecture is live; only its title, summary and end can change."),
    _("This lecture has not begun; cancel it if it shall not take place."),
    _("This lecture is over; plan a new one."),
    _("This lecture is far ahead; move it to now before you start it."),
    # the academic calendar
    _("A period ends after it starts."),
    _("A period takes a year at most."),
    _("The midterm lies in one of the period's weeks."),
    _("Some days are outside of the period."),
    _("A day is named twice."),
    _("Somebody changed this period meanwhile; reload it."),
    _("Some stretches do not fit into the period."),
    _("Some days can't change places."),
    _("A surge ends after it begins."),
    _("No class of this time would change."),
    _("This surge has ended already."),
    # the footprint
    _("You have asked already; wait for the answer."),
    _("Somebody has answered this request already."),
    _("Nobody judges their own attendance; somebody else answers this."),
    _("There is no such request."),
    _("Attendance is not recorded at present."),
    _("A switch counts from now on, or from a day to come."),
    _("This is so already."),
    _("A policy reaches back a year at most."),
    _("Nothing is known of this person at this lecture."),
    _("This person is not of this course."),
    # courses
    _("There is no such course."),
    _("There is no such group."),
    _("There is no such person."),
    _("Somebody changed this course meanwhile; reload it."),
    _("An enrolment ends after it begins."),
    _("Only learners have a category."),
    _("A category has a legal basis; name the decision or document."),
    _("Groups come by way of a course; say which."),
    _("Some rows do not fit; nothing is saved."),
    _("The file is larger than 16 MiB; send it in parts."),
    _("The sheet is empty; its first row names the columns."),
    _("This is no text; save the sheet as CSV in UTF-8."),
    _("This is no calendar; it begins with BEGIN:VCALENDAR."),
    # before class
    _("A threshold is a number of percent from 1 to 100."),
    _("This lecture has begun; nothing can be watched before it any more."),
    _("This recording is of another course, whose people alone may watch it."),
    _("A deadline lies between now and the beginning of the class."),
    _("This recording is assigned before this class already."),
    # notices
    _("This is no e-mail address; write one like name@example.kz."),
    _("Too many letters were asked for; try again tomorrow."),
    _("This link is not of your present address; look at My page."),
    _("There is no such address."),
    # in the room
    _(
        "The encoder sends B-frames, which live rooms cannot show; in OBS, under Settings → Output"
        " → Streaming, set B-frames to 0, or the profile to baseline, or the tune to zerolatency."
    ),
    _("Too many offers; wait a moment."),
    _("The room starts anew; please wait a moment."),
    _("Nobody can switch on somebody else's microphone or camera."),
    _("Another process is recording this lecture."),
    _("The disk does not keep up: parts of the recording are missing."),
    _("You are not admitted to this lecture."),
    _("The room is closed."),
    _("The room is full."),
    _("The room could not be opened."),
    _("The room does not open; try again in a moment."),
    _("You have too many tabs of this room open; close some."),
    _("The line is empty."),
    _("You write too fast; wait a moment."),
    _("That was too often; wait a moment."),
    _("This person is not in the room."),
    _("Only the host may give the floor."),
    _("Only a moderator may mute others."),
    _("Only a moderator may take the floor away."),
    _("Only a moderator may lower somebody's hand."),
    _("Too many messages came at once."),
    # in the self-test
    _("Many people are testing their connection; try again in a moment."),
    # watching
    _("There is no recording of this lecture."),
    _("There is no such channel."),
    # at the desk of a channel
    _("This lecture is not live now."),
    _("Somebody changed this schedule meanwhile; reload it."),
    _("This channel is not watched yet."),
    _("Nothing comes out of the channel."),
    _("The channel is not watched: its monitor does not run."),
    _("The transport stream is damaged."),
    _("Packets of the transport stream are lost."),
    _("The transport stream lacks its PAT."),
    _("The transport stream lacks its PMT."),
    _("The clock of the transport stream jumps or is missing."),
    _("The picture is black."),
    _("The picture stands still and nothing is heard."),
    _("Nothing is heard."),
    _("The sound is too loud."),
    _("The HLS playlist stands still."),
    _("The disk is nearly full."),
    _("The slate is shown instead of the programme."),
    _("The schedule ends within the hour."),
    _("This link holds no longer; ask for a new one."),
    _("This day is past; to delete the recording now there is a button."),
    # recordings
    _("Nothing is being recorded."),
    _("Only a moderator may record."),
    _("The lecture has not begun; recording can start with it."),
    _("The disk does not answer; try again in a moment."),
    _("These cuts leave nothing of the recording; delete it instead."),
    _("The recording was edited by somebody else meanwhile."),
    _("There is no finished recording to edit."),
    _("There is no change to take back."),
    _("This job has not failed."),
    _("There is no camera beside a screen in this recording."),
    _("This lecture is being recorded."),
    # offline packages
    _("The package could not be written; the disk may be full."),
    _("None of these lectures has a recording."),
    _("Many packages are being taken away; try again in a moment."),
    _("This is no watch record of an offline package."),
    _("This watch record was changed, or belongs to another house."),
    _("This watch record is of another lecture."),
    _("This watch record tells of more than the recording holds."),
    _("This was watched before there was the package, or is yet to be watched."),
    _("More was reported as played than there was time to play it."),
    _("Somebody else has handed in this watch record."),
    # captions
    _("These captions can't be read."),
    _("There are captions in very many languages already; delete some."),
    _("There are no captions in this language."),
    _("there is no caption in this file."),
    _("there are more captions in this file than a lecture has."),
    _("this is no text in UTF-8; save the file in that encoding."),
    _("a time like 00:01:02.500 --> 00:01:05.000 is missing."),
    _("the time is not like 00:01:02.500 --> 00:01:05.000."),
    _("the caption ends before it begins."),
    _("the caption begins after the end of the recording."),
    _("the caption is longer than a screen can show."),
    _("the caption is empty."),
    _("These captions are not right yet."),
    _("Somebody else changed these captions meanwhile; reload the page."),
    # footprint
    _("Nothing is known of such a person."),
    _("They are in a room or a player now; wait until two minutes after they have left."),
    _("You can't erase yourself; another administrator can."),
    _("This code is over; scan the one that is on the wall now."),
    _("The lecture is not on now."),
    _("Somebody of these has not scanned the code; mark them on the sheet instead."),
)
