// The particles' driver: it answers at once, tells the kernel, and is fast enough to be live.
import assert from "node:assert/strict";
import test from "node:test";
import { frame, particlesDriver, ways } from "../../course_utils/widgets/particles.js";

const times = Array.from({ length: 41 }, (_, k) => 0.99 - (k * 0.989) / 40);
function page(n) {
  let state = 1;
  const lehmer = () => (state = (48271 * state) % 2147483647) / 2147483647 - 0.5;
  return {
    noise: Array.from({ length: n }, () => [4 * lehmer(), 4 * lehmer()]),
    villages: { weights: [0.6, 0.4], means: [[-1, 0.5], [1, 0]], variances: [0.1, 0.05], labels: [0, 1], names: ["A", "B"] },
    times, alphas: times.map((t) => Math.cos((t * Math.PI) / 2)), sigmas: times.map((t) => Math.sin((t * Math.PI) / 2)),
    steps: [1, 4, 40], trails: 3, left: 100, across: 50, top: 100, up: -50, colours: ["#6B7280", "#3377FF"],
  };
}

function fakeModel(state) {
  return {
    saved: 0,
    get: (name) => state[name],
    set(name, value) { state[name] = value; },
    save_changes() { this.saved += 1; },
  };
}

test("a move is drawn at once, and the kernel hears of it", () => {
  const model = fakeModel({ page: page(20), values: { time: 0, guidance: 0, wish: 0, steps: 2 }, buttons: [], drawn: 4 });
  const driver = particlesDriver(model);
  driver.move({ time: 40 });
  driver.move({ wish: 2 });
  assert.deepEqual(model.get("values"), { time: 40, guidance: 0, wish: 2, steps: 2 });
  assert.deepEqual([model.get("drawn"), model.saved], [6, 2]);
  assert.equal(model.get("svg"), frame(page(20), model.get("values")).svg);
  assert.deepEqual(model.get("numbers"), [["village 1, A", "0.00"], ["village 2, B", "1.00"]]);
  assert.match(model.get("alt"), /^At time 0\.00 of a way of 40 steps 20 particles, asked for B with guidance 0\.0\./);
});

test("one Gaussian alone is reached in one step, for every particle keeps its place in it", () => {
  const alone = { ...page(9), villages: { weights: [1], means: [[2, -1]], variances: [0.25], labels: [0], names: ["A"] } };
  const [start, ...rest] = ways(alone, 0, 0, 40, 40), end = rest.at(-1);
  const before = Math.sqrt(alone.alphas[0] ** 2 * 0.25 + alone.sigmas[0] ** 2);
  for (let k = 0; k < 9; k++) {
    const z = (start[k][0] - alone.alphas[0] * 2) / before; // the ODE keeps quantiles
    assert.ok(Math.abs(end[k][0] - (2 + 0.5 * z)) < 0.05, `${end[k][0]} and ${2 + 0.5 * z}`);
  }
});

test("a step of 500 particles takes a small part of 16 ms", () => {
  const many = page(500);
  ways(many, 1, 2, 40, 40);
  const began = performance.now();
  for (let k = 0; k < 5; k++) ways(many, 1, 2, 40, 40);
  const each = (performance.now() - began) / 200;
  assert.ok(each < 8, `${each} ms a step`);
});
