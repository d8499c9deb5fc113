// Progress of long work: functions take a last argument `tick` and call it with the share that is done, in [0, 1]. As in
// diffir_demo/tick.py; to cancel, the page ends the worker.

const BREATH = 50;                   // milliseconds between two reports
export const noTick = () => {};

// tick: takes a share -> the same, called no more often than people can see.
export function paced(tick) {
  let last = -Infinity;
  return (share) => {
    if (performance.now() - last < BREATH) return;
    last = performance.now();
    tick(share);
  };
}

// Work in stages of known cost, in any unit, reported to one tick as a share of all of them.
export class Stages {
  constructor(tick, total) {
    Object.assign(this, { tick, total: Math.max(total, 1e-9), share: 0, done: 0 });
  }

  // Begins a stage and gives its tick. However far that gets, all of the cost counts once the next one begins.
  stage(cost) {
    const began = this.done;
    this.done += cost;
    return (share) => this.report(began + cost * share);
  }

  // The share never falls.
  report(done = this.done) {
    this.share = Math.max(this.share, Math.min(done / this.total, 1));
    this.tick(this.share);
  }
}
