// What a test sends: a picture that is drawn and hard to compress, and a quiet tone. No device is asked.

const [WIDTH, HEIGHT, PER_SECOND] = [640, 360, 25];
const PATCHES = 260; // a picture; about 2 Mbit/s in any codec

export class Signal {
  #canvas = document.createElement("canvas");
  #sound = new AudioContext();
  #timer;

  constructor() {
    Object.assign(this.#canvas, { width: WIDTH, height: HEIGHT });
    this.#draw();
    this.#timer = setInterval(() => this.#draw(), 1000 / PER_SECOND);
    [this.picture] = this.#canvas.captureStream(PER_SECOND).getVideoTracks();
    this.tone = this.#hum();
  }

  close() {
    clearInterval(this.#timer);
    this.picture.stop();
    this.tone.stop();
    this.#sound.close();
  }

  #draw() {
    const pen = this.#canvas.getContext("2d");
    for (let at = 0; at < PATCHES; at++) {
      pen.fillStyle = `hsl(${185 + 40 * Math.random()} ${30 + 40 * Math.random()}% ${20 + 60 * Math.random()}%)`;
      pen.fillRect(WIDTH * Math.random() - 20, HEIGHT * Math.random() - 20, 40, 40);
    }
  }

  #hum() {
    const [oscillator, quiet] = [this.#sound.createOscillator(), this.#sound.createGain()];
    const target = this.#sound.createMediaStreamDestination();
    quiet.gain.value = 0.05;
    oscillator.connect(quiet).connect(target);
    oscillator.start();
    return target.stream.getAudioTracks()[0];
  }
}
