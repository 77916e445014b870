// The three drivers of a panel without a browser: what the kernel is asked, where frames lead, what a decoder draws.
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { gzipSync } from "node:zlib";
import { decoderDriver, dragged, framesDriver, kernelDriver, placeOf } from "../../course_utils/widgets/drivers.js";

// A model as anywidget hands it over: values that tell when they change, and what was sent.
function fakeModel(state) {
  const listeners = {}, sent = [];
  return {
    sent,
    saved: 0,
    get: (name) => state[name],
    set(name, value) {
      state[name] = value;
      listeners[`change:${name}`]?.forEach((listener) => listener());
    },
    on: (event, listener) => (listeners[event] ??= new Set()).add(listener),
    off: (event, listener) => listeners[event].delete(listener),
    send: (content) => sent.push(structuredClone(content)),
    save_changes() { this.saved += 1; },
  };
}

// A kernel that holds the game of lesson 15: its buttons count, its slider turns. It answers the oldest question.
function kernel(values = { angle: 0, state: 0 }) {
  const model = fakeModel({ values, drawn: 0, buttons: ["step D", "start again"] });
  model.answer = () => {
    const { move, press, click } = model.sent.shift(), now = model.get("values");
    const changed = { "step D": { state: now.state + 1 }, "start again": { state: 0 } }[press];
    model.set("values", { ...now, ...move, ...changed, ...(click && { place: click }) });
    model.set("drawn", model.get("drawn") + 1);
  };
  model.answerAll = () => { while (model.sent.length) model.answer(); };
  return model;
}

test("a move says what has moved and nothing else", () => {
  const model = kernel(), driver = kernelDriver(model);
  driver.move({ angle: 90 });
  assert.deepEqual(model.sent, [{ move: { angle: 90 } }]);
  assert.deepEqual(driver.waiting(), { angle: 90 });
  driver.stop();
});

test("a button pressed while a slider's move is on its way: both survive, in either order", () => {
  for (const first of ["move", "press"]) {
    const model = kernel(), driver = kernelDriver(model);
    const deeds = { move: () => driver.move({ angle: 90 }), press: () => driver.press("step D") };
    deeds[first]();
    deeds[first === "move" ? "press" : "move"]();
    model.answerAll();
    assert.deepEqual(model.get("values"), { angle: 90, state: 1 });
    driver.stop();
  }
});

test("a drag while a step is computed takes no step back, and many presses all count", () => {
  const model = kernel(), driver = kernelDriver(model);
  for (let k = 0; k < 10; k++) {
    driver.press("step D");
    driver.move({ angle: 5 * k });
  }
  model.answerAll();
  assert.deepEqual(model.get("values"), { angle: 45, state: 10 });
  driver.press("start again");
  driver.move({ angle: 50 });
  driver.press("step D");
  model.answerAll();
  assert.deepEqual(model.get("values"), { angle: 50, state: 1 });
  driver.stop();
});

test("of many moves while the kernel is busy only the latest of each slider waits", () => {
  const model = kernel({ a: 0, b: 0 }), driver = kernelDriver(model);
  for (let k = 1; k <= 100; k++) driver.move({ [k % 2 ? "a" : "b"]: k });
  assert.deepEqual(model.sent, [{ move: { a: 1 } }]); // and nothing more before it is answered
  assert.deepEqual(driver.waiting(), { a: 99, b: 100 }); // the sliders stay under the hand
  model.answer();
  assert.deepEqual(model.sent, [{ move: { a: 99, b: 100 } }]);
  model.answer();
  assert.deepEqual([model.sent, driver.waiting()], [[], {}]);
  assert.deepEqual(model.get("values"), { a: 99, b: 100 });
  for (let k = 1; k <= 100; k++) driver.click([k, k]);
  model.answer();
  assert.deepEqual(model.sent, [{ click: [100, 100] }]);
  driver.stop();
});

test("silence is told once the patience is over, and the next move is sent all the same", (t) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  t.after(() => mock.timers.reset());
  let told = 0;
  const model = kernel(), driver = kernelDriver(model, () => { told += 1; });
  driver.move({ angle: 1 });
  model.answer();
  mock.timers.tick(20000);
  assert.equal(told, 0);
  driver.move({ angle: 2 });
  mock.timers.tick(9999);
  assert.equal(told, 0);
  mock.timers.tick(1);
  assert.equal(told, 1);
  driver.move({ angle: 3 });
  assert.deepEqual(model.sent.at(-1), { move: { angle: 3 } });
  driver.stop();
  mock.timers.tick(20000);
  assert.equal(told, 1);
});

// A handle in a picture where one degree is two pixels, and up is up: by steps in a lesson, by stops in a deck.
const HANDLE = { x: "east", y: "north", left: 400, across: 2, top: 200, up: -2 };
const STEPS = [
  { name: "north", min: -90, max: 90, step: 0.1, words: [] },
  { name: "east", min: -180, max: 180, step: 0.5, words: [] },
];
const STOPS = [
  { name: "north", min: 0, max: 2, step: 1, words: ["-20", "0", "72.4156"] },
  { name: "east", min: 0, max: 3, step: 1, words: ["-10", "20", "55", "180"] },
];

test("a handle stands where its sliders are, and a drag is the way back", () => {
  assert.deepEqual(placeOf(HANDLE, STEPS, { north: 40, east: 55 }), [510, 120]);
  assert.deepEqual(placeOf(HANDLE, STOPS, { north: 0, east: 3 }), [760, 240]);
  for (const values of [{ north: 40.1, east: -0.5 }, { north: -90, east: 180 }, { north: 0, east: 0 }])
    assert.deepEqual(dragged(HANDLE, STEPS, placeOf(HANDLE, STEPS, values)), values);
  for (const values of [{ north: 0, east: 0 }, { north: 2, east: 1 }, { north: 1, east: 3 }])
    assert.deepEqual(dragged(HANDLE, STOPS, placeOf(HANDLE, STOPS, values)), values);
});

test("a dragged handle snaps to the nearest step or stop, and stays within the range", () => {
  assert.deepEqual(dragged(HANDLE, STEPS, [400.6, 199.88]), { north: 0.1, east: 0.5 }); // 0.06° and 0.3°
  assert.deepEqual(dragged(HANDLE, STEPS, [-1000, -1000]), { north: 90, east: -180 });
  assert.deepEqual(dragged(HANDLE, STEPS, [1000, 1000]), { north: -90, east: 180 });
  assert.deepEqual(dragged(HANDLE, STOPS, [400 + 2 * 37, 200 - 2 * 37]), { north: 2, east: 1 }); // 37 is nearer to 20 and to 72.4
  assert.deepEqual(dragged(HANDLE, STOPS, [-1000, 1000]), { north: 0, east: 0 });
});

test("a drag moves two sliders at once, and while the kernel is busy its latest place waits", () => {
  const model = kernel({ north: 0, east: 0 }), driver = kernelDriver(model);
  for (let k = 1; k <= 50; k++) driver.move({ north: k, east: -k });
  assert.deepEqual(model.sent, [{ move: { north: 1, east: -1 } }]);
  model.answer();
  assert.deepEqual(model.sent, [{ move: { north: 50, east: -50 } }]);
  model.answerAll();
  assert.deepEqual(model.get("values"), { north: 50, east: -50 });
  driver.stop();
});

// Two sliders a (3 stops) and b (2 stops), and two states; a frame is named by its state and its stops.
function deck() {
  const frame = (s, a, b) => [[s, 2], [["at", `${a}${b}`]], `frame ${s}${a}${b}`];
  const states = [0, 1].map((s) => [0, 1, 2].flatMap((a) => [0, 1].map((b) => frame(s, a, b))));
  states.push({ 3: frame(1, 1, 1) }); // of this state one frame is held: it looks like the second one
  const baked = {
    pieces: ["<zero/>", "<one/>", "<shared/>"], states, columns: 2, cell: 10,
    leads: [{ go: [1, { a: 2 }] }, { go: [1, {}], home: [0, { a: 0, b: 0 }], some: { 3: [2, {}], 4: "Not here." }, told: "No more." }, { home: { 3: [0, { a: 0 }] } }],
    jumps: { up: [{ a: 1 }, { a: 1 }, { a: 2 }, { a: 2 }, "No.", "No."], kernel: Array(6).fill(null) },
    clicks: [{ a: 0 }, { a: 1 }, { b: 1 }, {}],
  };
  const sliders = [{ name: "a", max: 2 }, { name: "b", max: 1 }];
  const model = fakeModel({
    frames: { zipped: gzipSync(JSON.stringify(baked)) }, sliders, values: { b: 0, a: 0 }, drawn: 0, buttons: ["go", "home", "up", "kernel"],
  });
  const shows = (alt, message = "") => {
    assert.deepEqual([model.get("alt"), model.get("message")], [alt, message]);
    const [state, a, b] = alt.replace("frame ", "");
    assert.deepEqual(model.get("values"), { a: Number(a), b: Number(b) });
    assert.equal(model.get("svg"), `${["<zero/>", "<one/>"][state]}<shared/>`);
    assert.deepEqual(model.get("numbers"), [["at", a + b]]);
  };
  return { model, driver: framesDriver(model), shows };
}

test("frames: sliders count in their order, and each deed is answered", async () => {
  const { model, driver, shows } = deck();
  await driver.move({ b: 1 });
  shows("frame 001");
  await driver.move({ a: 2 });
  shows("frame 021");
  await driver.move({ a: 1, b: 0 }); // a drag
  shows("frame 010");
  assert.equal(model.get("drawn"), 3);
});

test("frames: a press leads to its state and moves the slider that it moved", async () => {
  const { driver, shows } = deck();
  const lacking = () => ["go", "home", "up", "kernel"].filter((label) => driver.lacks(label));
  assert.deepEqual(lacking(), []); // nothing is known yet
  await driver.move({ b: 1 });
  assert.deepEqual(lacking(), ["home", "kernel"]);
  await driver.press("go");
  assert.deepEqual(lacking(), ["kernel"]);
  shows("frame 121");
  await driver.move({ a: 1 });
  await driver.press("go"); // the same state again, and nothing moved
  shows("frame 111");
  await driver.press("home");
  shows("frame 000");
  await driver.press("home");
  shows("frame 000", "This is not stored here. Press it in JupyterLab.");
});

test("frames: a press is held at some stops only, and a slider beyond them undoes what the buttons did", async () => {
  const { driver, shows } = deck();
  await driver.press("go");
  await driver.press("some");
  shows("frame 120", "Not here.");
  await driver.press("told");
  shows("frame 120", "No more.");
  assert.deepEqual([driver.lacks("some"), driver.lacks("told")], ["", ""]);
  await driver.move({ a: 1 });
  assert.notEqual(driver.lacks("some"), "");
  await driver.move({ b: 1 });
  await driver.press("some");
  shows("frame 111");
  assert.deepEqual([driver.lacks("home"), driver.lacks("go") !== ""], ["", true]);
  await driver.move({ b: 0 });
  shows("frame 010", "What the buttons did is not stored for this place, and is undone. It is kept in JupyterLab.");
  await driver.move({ b: 1 });
  shows("frame 011");
});

test("frames: other buttons jump, speak or need a kernel; a click leads to its cell's stops", async () => {
  const { driver, shows } = deck();
  await driver.press("up");
  await driver.press("up");
  shows("frame 020");
  await driver.press("up");
  shows("frame 020", "No.");
  await driver.press("kernel");
  shows("frame 020", "This is not stored here. Press it in JupyterLab.");
  for (const [place, alt] of [[[12, 9.9], "frame 010"], [[0, 10], "frame 011"], [[19, 19], "frame 011"]]) {
    await driver.click(place);
    shows(alt);
  }
});

// A decoder of 1 × 1 pixel, the grey value z1: red by its picture, and a plane on the right half of 200 × 100 pixels.
function decoder(stops = [], random = () => 0.5) {
  const numbers = new Float32Array(16 + 4);
  numbers[0] = 1; // channel 0 of input 0; 4 × 4 are the least
  const page = {
    side: 1, leak: 0.2, bits: 32, outputs: 1, head: "level", palette: [0, 0, 0, 255, 255, 255],
    layers: [{ side: 0, channels: 4, inputs: 4, sizes: [16, 4] }],
    numbers: new DataView(numbers.buffer), limits: [-3, 3], plane: [0.5, 0.25, 0.5, 0.5], stops,
  };
  const sliders = [1, 2].map((k) => ({ name: `z${k}`, value: 0 }));
  const model = fakeModel({ page, sliders, values: { z1: 1, z2: 0 }, width: 200, height: 100 });
  let paused = 0;
  const driver = decoderDriver(model, () => { paused += 1; }, random);
  return { model, driver, z: () => Object.values(model.get("values")), paused: () => paused };
}

test("decoder: what moves is drawn, said, marked on the plane, and told to the kernel", () => {
  const { model, driver, z } = decoder();
  driver.move({ z1: 0.5 });
  assert.deepEqual([...driver.picture()], [128, 128, 128, 255]);
  assert.equal(model.saved, 1);
  driver.move({ z2: -3 });
  assert.deepEqual(z(), [0.5, -3]);
  assert.equal(driver.words(), "The picture decoded from z = (0.50, −3.00).");
  assert.deepEqual(driver.dot(), [100 + 100 * (3.5 / 6), 75]);
});

test("decoder: in a deck its numbers are zipped, and it says when it can draw", async () => {
  const { model, driver } = decoder(), page = model.get("page"), numbers = gzipSync(new Uint8Array(page.numbers.buffer));
  model.set("page", { ...page, numbers, zipped: true });
  let zipped;
  await new Promise((ready) => { zipped = decoderDriver(model, undefined, undefined, ready); assert.equal(zipped.picture(), null); });
  assert.deepEqual(zipped.picture(), driver.picture());
});

test("decoder: a click is the way back from the dot, and beside the plane there is nothing", () => {
  const { driver, z } = decoder();
  driver.click([150, 50]);
  assert.deepEqual(z(), [0, 0]);
  driver.click([200, 25]);
  assert.deepEqual([z(), driver.dot()], [[3, 3], [200, 25]]);
  for (const beside of [[99, 50], [150, 24], [150, 76], [50, 50]]) driver.click(beside);
  assert.deepEqual(z(), [3, 3]);
});

test("decoder: random draws from N(0, 1), and stays within the limits", () => {
  let state = 1;
  const lehmer = () => (state = (48271 * state) % 2147483647) / 2147483647; // Lehmer 1951
  const { driver, z } = decoder([], lehmer), drawn = [];
  for (let k = 0; k < 2000; k++) {
    driver.press("random");
    drawn.push(...z());
  }
  const mean = drawn.reduce((a, b) => a + b) / 4000, variance = drawn.reduce((a, b) => a + (b - mean) ** 2, 0) / 4000;
  const within = drawn.filter((value) => Math.abs(value) < 1).length / 4000;
  assert.ok(Math.abs(mean) < 0.07 && Math.abs(variance - 1) < 0.1 && Math.abs(within - 0.683) < 0.03, `${[mean, variance, within]}`);
  const far = decoder([], () => 1 - 1e-9); // 6.4 standard deviations
  far.driver.press("random");
  assert.deepEqual(far.z(), [3, 3]);
});

test("decoder: a walk leads straight to each stop, can pause, and ends where the reader moves", (t) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  t.after(() => mock.timers.reset());
  const { driver, z, paused } = decoder([[-1, 2], [3, 3]]);
  const tick = (times) => { for (let k = 0; k < times; k++) mock.timers.tick(40); };
  driver.press("back to the start");
  driver.press("walk");
  tick(29);
  assert.equal(driver.named("walk"), "pause");
  assert.ok(Math.abs(z()[0] + 0.5) < 1e-9 && Math.abs(z()[1] - 1) < 1e-9);
  const before = paused();
  driver.press("walk");
  assert.deepEqual([driver.named("walk"), paused()], ["walk", before + 1]);
  tick(100);
  assert.ok(Math.abs(z()[0] + 0.5) < 1e-9);
  driver.press("walk");
  tick(31);
  assert.deepEqual([z(), driver.named("walk")], [[-1, 2], "walk"]);
  driver.press("walk"); // to the second stop
  tick(10);
  driver.move({ z1: 0 });
  const [, z2] = z();
  tick(100);
  assert.deepEqual([z(), driver.named("walk")], [[0, z2], "walk"]);
  driver.press("walk"); // and to the first again
  tick(100);
  assert.deepEqual(z(), [-1, 2]);
  driver.stop();
});

test("decoder: a walk without stops leads to random places", (t) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  t.after(() => mock.timers.reset());
  const { driver, z } = decoder([], () => 1 - 1e-9);
  driver.press("walk");
  for (let k = 0; k < 100; k++) mock.timers.tick(40);
  assert.deepEqual(z(), [3, 3]);
});
