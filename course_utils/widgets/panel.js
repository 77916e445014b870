// The browser's half of panel.py: it shows what the model says, and tells a driver what the reader does.
import { decoderDriver, dragged, framesDriver, kernelDriver, placeOf } from "./drivers.js";
import { particlesDriver } from "./particles.js";

function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

function render({ model, el }) {
  const id = `panel-${Math.random().toString(36).slice(2)}`; // each widget loads a copy of this file: counting would repeat
  const width = model.get("width"), height = model.get("height"), sliders = model.get("sliders");
  const inPage = model.get("page").layers, inDeck = model.get("frames").zipped;
  const ownDriver = model.get("page").villages ? particlesDriver(model) : inDeck ? framesDriver(model, () => nameButtons()) : null;
  const driver = inPage ? decoderDriver(model, () => nameButtons(), Math.random, () => {
    showDecoded();
    hearing.takeRecords(); // nobody has moved anything: there is nothing to say
  }) : ownDriver ?? kernelDriver(model, () => {
    setPlaying(false);
    message.textContent = "Nothing answers. The sliders need a running lesson: run its cells again, from the first.";
  });

  // the picture: the background once, the moving part laid over it
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("aria-hidden", "true");
  const background = element("img", { src: model.get("background"), alt: "", width, height });
  const picture = element("div", { class: "panel-picture", role: "img", style: `--width:${width}px;--ratio:${width / height}` }, background, svg);
  const canvas = inPage && element("canvas", { width: model.get("page").side, height: model.get("page").side });
  if (canvas) {
    ["left", "top", "width", "height"].forEach((name, k) => (canvas.style[name] = `${100 * model.get("page").picture[k]}%`));
    picture.append(canvas);
  }

  // a click, or a drag
  function placeAt(event) {
    const box = picture.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * width, ((event.clientY - box.top) / box.height) * height];
  }
  const pointAt = (event) => driver.click(placeAt(event));
  if (model.get("clickable")) {
    picture.classList.add("panel-clickable");
    background.draggable = false;
    picture.addEventListener("pointerdown", pointAt);
    picture.addEventListener("pointermove", (event) => event.buttons && pointAt(event));
  }

  // the handles, on top; each says what its two sliders say
  const layer = svg.cloneNode();
  layer.classList.add("panel-handles");
  layer.setAttribute("data-prevent-swipe", ""); // a finger on it turns no page of a deck
  const handles = model.get("handles").map((handle) => {
    const dot = document.createElementNS(svg.namespaceURI, "circle"), reach = dot.cloneNode();
    reach.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      reach.setPointerCapture(event.pointerId);
    });
    reach.addEventListener("pointermove", (event) => {
      if (!reach.hasPointerCapture(event.pointerId)) return;
      const moved = dragged(handle, sliders, placeAt(event));
      if (Object.entries(moved).every(([name, value]) => Number(inputs[name].input.value) === value)) return;
      for (const [name, value] of Object.entries(moved)) {
        inputs[name].input.value = value;
        inputs[name].showValue();
      }
      driver.move(moved);
      placeHandles();
    });
    layer.append(dot, reach);
    return { handle, circles: [dot, reach] };
  });
  if (handles.length) picture.append(layer);
  new ResizeObserver(() => { // as large on a small picture: 7 pixels to see, 20 to hit with a finger
    const scale = width / (picture.clientWidth || width);
    for (const { circles } of handles) circles.forEach((circle, k) => circle.setAttribute("r", scale * [7, 20][k]));
  }).observe(picture);
  function placeHandles() { // where the hand has them, though the kernel may still be busy
    const values = { ...model.get("values"), ...driver.waiting() };
    for (const { handle, circles } of handles) {
      const [px, py] = placeOf(handle, sliders, values);
      for (const circle of circles) {
        circle.setAttribute("cx", px.toFixed(1));
        circle.setAttribute("cy", py.toFixed(1));
      }
    }
  }

  // the sliders
  const inputs = {};
  const controls = element("div", { class: "panel-controls" });
  if (sliders.length > 6) controls.classList.add("panel-many"); // in rows of two
  for (const { name, label, min, max, step, words } of sliders) {
    const input = element("input", { type: "range", id: `${id}-${name}`, name, min, max, step });
    input.dataset.lmSuppressShortcuts = ""; // lets the arrow keys reach the slider in JupyterLab
    const value = element("output", { for: input.id, "aria-live": "off" }); // aria-valuetext says it
    const number = () => Number(Number(input.value).toFixed(10)); // Firefox writes 2e-18 for 0
    const longest = Math.max(...(words.length ? words : [min, max, min + step]).map((one) => String(typeof one === "number" ? Number(one.toFixed(10)) : one).length));
    value.style.minWidth = `${Math.min(longest, 8)}ch`; // nothing beside a number moves when it grows
    const showValue = () => {
      const said = String(words.length ? words[number()] : number());
      value.textContent = said.replace(/^-(?=[\d.])/, "−"); // as in figures and numbers
      input.setAttribute("aria-valuetext", said);
    };
    input.addEventListener("input", () => {
      showValue();
      driver.move({ [name]: number() });
      placeHandles();
    });
    inputs[name] = { input, showValue };
    controls.append(element("div", { class: "panel-slider" }, element("label", { for: input.id }, label), value, input));
  }

  // the buttons; where one may read something else, both words get the same room, so that nothing jumps
  const buttons = element("div", { class: "panel-buttons" });
  function addButton(label, press, turns = false) {
    const button = element("button", { type: "button" }, label);
    button.dataset.lmSuppressShortcuts = ""; // as for the sliders: Enter presses the button
    button.addEventListener("click", press);
    if (turns) button.style.minWidth = "5em";
    buttons.append(button);
    return button;
  }

  // play: each step is taken when the one before has been drawn
  let playing = false, nextStep;
  const played = inputs[model.get("play")]?.input;
  const playButton = played && addButton("play", () => {
    if (!playing && played.value === played.max) played.value = played.min;
    setPlaying(!playing);
    takeStep();
  }, true);
  function setPlaying(on) {
    clearTimeout(nextStep);
    playing = on;
    if (playButton) playButton.textContent = on ? "pause" : "play";
  }
  function takeStep() {
    if (!playing) return;
    played.value = Number(played.value) + Math.max(played.step, (played.max - played.min) / 200); // rounded to its steps
    setPlaying(played.value !== played.max);
    played.dispatchEvent(new Event("input"));
  }

  const named = driver.buttons.map((label) => [label, addButton(label, () => {
    setPlaying(false);
    driver.press(label);
    nameButtons();
  }, label === "walk")]);
  function nameButtons() {
    for (const [label, button] of named) {
      button.textContent = driver.named(label);
      button.title = driver.lacks(label); // why it is greyed
      button.ariaDisabled = String(button.title !== "");
    }
  }

  // the numbers, and what went wrong
  const numbers = element("table", { class: "panel-numbers" });
  const message = element("p", { class: "panel-message", role: "status" });
  const spoken = element("p", { class: "panel-spoken", role: "status" }); // for screen readers
  const side = element("div", { class: "panel-side" }, controls, buttons, numbers);
  el.replaceChildren(element("div", { class: "panel" }, picture, side, message, spoken));

  function showValues() {
    const values = { ...model.get("values"), ...driver.waiting() };
    for (const [name, { input, showValue }] of Object.entries(inputs)) {
      input.value = values[name];
      showValue();
    }
    placeHandles();
    if (inPage) showDecoded();
  }
  function showDecoded() {
    const pixels = driver.picture();
    if (pixels) canvas.getContext("2d").putImageData(new ImageData(pixels, canvas.width), 0, 0);
    picture.setAttribute("aria-label", driver.words());
    for (const dot of svg.querySelectorAll("path")) dot.setAttribute("d", `M${driver.dot().join(" ")}h.01`); // on a plane only
  }
  function showFrame() {
    if (playing) {
      clearTimeout(nextStep);
      nextStep = setTimeout(takeStep, 60);
    }
    svg.innerHTML = model.get("svg");
    picture.setAttribute("aria-label", model.get("alt"));
    numbers.replaceChildren(
      ...model.get("numbers").map(([name, value]) =>
        element("tr", {}, element("th", { scope: "row" }, name), element("td", {}, value))
      )
    );
    message.textContent = model.get("message");
    nameButtons();
  }
  showFrame();
  showValues();

  let speech; // what the picture shows is said once it has stood still
  const hearing = new MutationObserver(() => {
    clearTimeout(speech);
    speech = setTimeout(() => { spoken.textContent = picture.getAttribute("aria-label"); }, 1000);
  });
  hearing.observe(picture, { attributeFilter: ["aria-label"] });

  // In JupyterLab Shift+Enter runs the cell and goes on, and Escape goes back to the notebook, from a slider too: it hears
  // of a key before the slider does, and leaves those of an element with this mark alone.
  function letThrough(event) {
    const control = event.target, notebook = el.contains(control) && control.closest(".jp-Notebook");
    if (!notebook) return;
    if (event.key === "Escape") notebook.focus({ preventScroll: true });
    if (event.key !== "Enter" || !event.shiftKey) return;
    delete control.dataset.lmSuppressShortcuts;
    setTimeout(() => { control.dataset.lmSuppressShortcuts = ""; });
  }
  addEventListener("keydown", letThrough, true);

  function cover() { // the kernel that this widget belongs to is gone: nothing here moves any more
    setPlaying(false);
    el.firstChild.classList.add("panel-dead");
    for (const control of side.querySelectorAll("input, button")) control.disabled = true;
    message.textContent = "The kernel was restarted. Run the cells above again, then this one.";
  }
  if (!inPage && !ownDriver) model.on("comm_live_update", cover);
  model.on("change:values", showValues);
  model.on("change:drawn", showFrame);
  return () => { // when the cell is run again
    removeEventListener("keydown", letThrough, true);
    setPlaying(false);
    driver.stop();
  };
}

export default { render };
