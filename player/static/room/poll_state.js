// What this tab knows of polls: pure functions from state and message to the next state.

export const NO_POLLS = Object.freeze({
  polls: new Map(), // poll id -> poll, the newest last
  answers: {}, // poll id -> one's own choices, as they are kept
  votes: new Map(), // poll id -> Map of person -> {name, choices}, for who moderates
  answering: null, // {poll, key, choices} that is not kept yet
});

export const POLL_REDUCERS = {
  poll: (state, { poll }) => ({ ...state, polls: new Map(state.polls).set(poll.id, poll) }),

  poll_answered(state, { poll, key, choices }) {
    const answering = state.answering?.key === key ? null : state.answering;
    return { ...state, answers: { ...state.answers, [poll]: choices }, answering };
  },

  poll_votes(state, { poll, votes }) {
    const known = new Map(state.votes.get(poll));
    for (const vote of votes) known.set(vote.person, vote);
    return { ...state, votes: new Map(state.votes).set(poll, known) };
  },
};

/** What a welcome says of polls; an answer that is not kept yet stays, to be sent again. */
export function welcomed(message) {
  return {
    polls: new Map((message.polls ?? []).map((poll) => [poll.id, poll])),
    answers: message.answers ?? {},
  };
}

/** The state after this person chose. */
export function choose(state, answering) {
  return { ...state, answering };
}

/** The state after the server refused what `about` names. */
export function unanswered(state, about) {
  return state.answering?.key === about ? { ...state, answering: null } : state;
}

export const newest = (state) => [...state.polls.values()].at(-1) ?? null;

/** How many of a hundred who answered chose each. */
export function shares({ counts, answered }) {
  return counts.map((count) => (answered ? Math.round((100 * count) / answered) : 0));
}

/** Open, closed or shown: what there is to see of it for who answers. */
export function phase(poll) {
  if (poll.is_open) return poll.counts ? "open-shown" : "open";
  return poll.counts ? "shown" : "closed";
}
