// Who answers when a slider moves: the kernel, a decoder in the page, or the frames of a deck. The three have the same
// methods: move({ name: value, … }), press(label) and click([px, py]), with what `buttons` lists as labels, `named(label)`, what
// is written on a button now, `lacks(label)`, why pressing it would do nothing here, `waiting()`, the values of sliders on which an answer is
// still to come, and stop(). All answers come through the model, as changes of "values" and "drawn".
import { pageDecoder } from "./page_decoder.js";

// A handle is a point in the picture that two sliders hold, { x, y, left, across, top, up }: their names, where their zeros
// are, and how many pixels one unit takes. In a deck a slider counts its stops, and its words are their values.
const said = ({ words }, count) => (words.length ? Number(words[count]) : count);

export function placeOf({ x, y, left, across, top, up }, sliders, values) {
  const value = (name) => said(sliders.find((slider) => slider.name === name), values[name]);
  return [left + across * value(x), top + up * value(y)];
}

// What a handle's sliders say when it is dragged to a place: the nearest step, or the nearest stop, within their range.
export function dragged({ x, y, left, across, top, up }, sliders, [px, py]) {
  const nearest = (name, value) => {
    const slider = sliders.find((one) => one.name === name), { min, max, step, words } = slider;
    if (!words.length) return Number(Math.min(Math.max(min + step * Math.round((value - min) / step), min), max).toFixed(10));
    const far = words.map((_, count) => Math.abs(said(slider, count) - value));
    return far.indexOf(Math.min(...far));
  };
  return { [x]: nearest(x, (px - left) / across), [y]: nearest(y, (py - top) / up) };
}

// The kernel hears of one thing after the other, each when the last one has been answered. Of a drag it hears the latest
// place only; and a slider says its own value, never that of another one, which the kernel may have changed meanwhile.
export function kernelDriver(model, onSilence = () => {}, patience = 10000) {
  const queue = [];
  let asked = null, timer;

  function ask(content) {
    const [kind] = Object.keys(content), last = queue.at(-1);
    if (kind === "move" && last?.move) Object.assign(last.move, content.move);
    else if (kind === "click" && last?.click) last.click = content.click;
    else queue.push(content);
    if (!asked) next();
  }
  function next() {
    clearTimeout(timer);
    asked = queue.shift() ?? null;
    if (!asked) return;
    timer = setTimeout(silence, patience);
    model.send(asked);
  }
  function silence() { // a busy kernel may answer yet; whatever the reader does next is asked anyway
    asked = null;
    onSilence();
  }
  model.on("change:drawn", next);

  return {
    buttons: model.get("buttons"),
    named: (label) => label,
    move: (moved) => ask({ move: moved }),
    lacks: () => "",
    press: (label) => ask({ press: label }),
    click: (place) => ask({ click: place }),
    waiting: () => Object.assign({}, ...[asked, ...queue].map((content) => content?.move)),
    stop() {
      clearTimeout(timer);
      model.off("change:drawn", next);
    },
  };
}

const NOT_STORED = "This is not stored here. Press it in JupyterLab.";
const UNDONE = "What the buttons did is not stored for this place, and is undone. It is kept in JupyterLab.";
const unzipped = (bytes) => new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip")));

// The frames that deck.py has baked; onReady is called when they are there.
export function framesDriver(model, onReady = () => {}) {
  const frames = unzipped(model.get("frames").zipped).json(), sliders = model.get("sliders");
  let state = 0, held = null;
  frames.then((baked) => {
    held = baked;
    onReady();
  });

  const number = () => sliders.reduce((sum, { name, max }) => sum * (max + 1) + model.get("values")[name], 0);
  async function answer(find) {
    const baked = await frames, found = find(baked) ?? {}, said = typeof found === "string" ? found : "";
    if (!said) model.set("values", { ...model.get("values"), ...found });
    const lost = !baked.states[state][number()];
    if (lost) state = 0;
    const [svg, numbers, alt] = baked.states[state][number()];
    model.set("svg", svg.map((piece) => baked.pieces[piece]).join(""));
    model.set("numbers", numbers);
    model.set("alt", alt);
    model.set("message", lost ? UNDONE : said);
    model.set("drawn", model.get("drawn") + 1);
  }

  // what a press leads to: [state, what moves], what moves, what the button says, or nothing that is stored
  function led({ leads, jumps }, label) {
    const lead = leads[state][label] ?? jumps[label] ?? {}, same = typeof lead === "string" || (label in leads[state] && Array.isArray(lead));
    return (same ? lead : lead[number()]) ?? null;
  }

  return {
    buttons: model.get("buttons"),
    named: (label) => label,
    move: (moved) => answer(() => moved),
    press: (label) => answer((baked) => {
      const found = led(baked, label) ?? NOT_STORED;
      if (!Array.isArray(found)) return found;
      state = found[0];
      return found[1];
    }),
    lacks: (label) => (!held || led(held, label) !== null ? "" : NOT_STORED),
    click: ([px, py]) => answer(({ clicks, columns, cell }) => clicks[Math.floor(py / cell) * columns + Math.floor(px / cell)]),
    waiting: () => ({}),
    stop() {},
  };
}

// A decoder in the page, which tells the kernel the values. It has more to show: picture(), the pixels decoded from z,
// words(), and dot(), the place of z on the plane. In a deck its numbers are zipped: onReady is called when picture() is there.
export function decoderDriver(model, onPause = () => {}, random = Math.random, onReady = () => {}) {
  const page = model.get("page"), [low, high] = page.limits, sliders = model.get("sliders"), names = sliders.map(({ name }) => name);
  let decode = page.zipped ? () => null : pageDecoder(page);
  if (page.zipped) unzipped(page.numbers).arrayBuffer().then((numbers) => {
    decode = pageDecoder({ ...page, numbers: new DataView(numbers) });
    onReady();
  });
  const [x0, y0, width, height] = page.plane.map((share, k) => share * model.get(k % 2 ? "height" : "width"));

  const z = () => names.map((name) => model.get("values")[name]);
  function set(to) {
    model.set("values", Object.fromEntries(names.map((name, k) => [name, to[k]])));
    model.save_changes();
  }

  // the walk: a straight way to the next of the stops, or to z ~ N(0, I) within the limits
  let walked = 1, from, to, stops = 0, timer = null; // walked: the share of the way
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const anywhere = () => names.map(() => Math.min(Math.max(normal(), low), high));
  function pause() {
    clearTimeout(timer);
    timer = null;
    onPause();
  }
  function stop() {
    pause();
    walked = 1;
  }
  function jump(there) {
    stop();
    set(there);
  }
  function step() {
    walked = Math.min(walked + 1 / 60, 1);
    set(from.map((value, k) => value + walked * (to[k] - value)));
    if (walked < 1) timer = setTimeout(step, 40);
    else pause();
  }
  const presses = {
    "back to the start": () => jump(sliders.map(({ value }) => value)),
    random: () => jump(anywhere()),
    walk() {
      if (timer) return pause();
      if (walked === 1) {
        [walked, from] = [0, z()];
        to = page.stops.length ? page.stops[stops++ % page.stops.length] : anywhere();
      }
      step();
    },
  };

  return {
    buttons: Object.keys(presses),
    named: (label) => (label === "walk" && timer ? "pause" : label),
    move: (moved) => jump(names.map((name, k) => moved[name] ?? z()[k])),
    lacks: () => "",
    press: (label) => presses[label](),
    click([px, py]) {
      const there = [low + ((px - x0) / width) * (high - low), high - ((py - y0) / height) * (high - low)];
      if (there.every((value) => low <= value && value <= high)) jump(there);
    },
    waiting: () => ({}),
    stop,
    picture: () => decode(z()),
    words: () => `The picture decoded from z = (${z().map((value) => value.toFixed(2)).join(", ").replaceAll("-", "−")}).`,
    dot: () => [x0 + (width * (z()[0] - low)) / (high - low), y0 + (height * (high - z()[1])) / (high - low)],
  };
}
