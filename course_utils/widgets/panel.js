// The browser's half of panel.py: sliders and buttons write, everything else shows what the kernel sends. Only with a
// decoder in the page (page_decoder.js) or in a deck (frames.js) the picture needs no kernel. Both come before this file.

function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

function render({ model, el }) {
  const id = `panel-${Math.random().toString(36).slice(2)}`; // each widget loads a copy of this file: counting would repeat
  const width = model.get("width"), height = model.get("height");

  // the picture: the background once, the moving part laid over it
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("aria-hidden", "true");
  const background = element("img", { src: model.get("background"), alt: "", width, height });
  const picture = element("div", { class: "panel-picture", role: "img", style: `max-width:${width}px` }, background, svg);

  // a click, or a drag: the next place is sent when the last one has been answered
  let waiting = false, next = null;
  function send(place) {
    waiting = true;
    ask({ click: place });
  }
  function pointAt(event) {
    const box = picture.getBoundingClientRect();
    const place = [((event.clientX - box.left) / box.width) * width, ((event.clientY - box.top) / box.height) * height];
    if (inPage) inPage.click(place[0] / width, place[1] / height);
    else if (waiting) next = place;
    else send(place);
  }
  if (model.get("clickable")) {
    picture.classList.add("panel-clickable");
    background.draggable = false;
    picture.addEventListener("pointerdown", pointAt);
    picture.addEventListener("pointermove", (event) => event.buttons && pointAt(event));
  }

  // the sliders
  const inputs = {};
  const controls = element("div", { class: "panel-controls" });
  if (Object.keys(model.get("sliders")).length > 6) controls.classList.add("panel-many"); // in rows of two
  for (const [name, slider] of Object.entries(model.get("sliders"))) {
    const { label, min, max, step, words } = slider;
    const input = element("input", { type: "range", id: `${id}-${name}`, name, min, max, step });
    input.dataset.lmSuppressShortcuts = ""; // lets the arrow keys reach the slider in JupyterLab
    const value = element("output", { for: input.id, "aria-live": "off" }); // aria-valuetext says it
    const showValue = () => {
      value.textContent = words.length ? words[Number(input.value)] : input.value;
      input.setAttribute("aria-valuetext", value.textContent);
    };
    input.addEventListener("input", () => {
      showValue();
      inPage?.stop();
      model.set("values", { ...model.get("values"), [name]: Number(input.value) });
      model.save_changes();
      if (!inPage) ask({});
    });
    inputs[name] = { input, showValue };
    controls.append(element("div", { class: "panel-slider" }, element("label", { for: input.id }, label), value, input));
  }

  // the buttons
  const buttons = element("div", { class: "panel-buttons" });
  function addButton(label, press) {
    const button = element("button", { type: "button" }, label);
    button.dataset.lmSuppressShortcuts = ""; // as for the sliders: Enter presses the button
    button.addEventListener("click", press);
    buttons.append(button);
    return button;
  }
  const inPage = model.get("page").layers && decoderInPage(model, picture, svg, addButton);

  // play: each step is taken when the one before has been drawn
  let playing = false, nextStep;
  const played = inputs[model.get("play")]?.input;
  const playButton = played && addButton("play", () => {
    if (!playing && played.value === played.max) played.value = played.min;
    setPlaying(!playing);
    takeStep();
  });
  if (playButton) playButton.style.minWidth = "5em"; // the same for both words, so that nothing jumps
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

  for (const label of model.get("buttons")) {
    addButton(label, () => {
      setPlaying(false);
      ask({ press: label });
    });
  }

  // the numbers, and what went wrong
  const numbers = element("table", { class: "panel-numbers" });
  const message = element("p", { class: "panel-message", role: "status" });
  const spoken = element("p", { class: "panel-spoken", role: "status" }); // for screen readers
  const side = element("div", { class: "panel-side" }, controls, buttons, numbers);
  el.replaceChildren(element("div", { class: "panel" }, picture, side, message, spoken));

  // ask the kernel, which has heard of the values already, or the frames of a deck
  const inDeck = model.get("frames").zipped && answerFromFrames(model);
  let timer;
  function ask(content) {
    if (inDeck) inDeck(content);
    else if (Object.keys(content).length) model.send(content);
    clearTimeout(timer);
    timer = setTimeout(() => {
      setPlaying(false);
      message.textContent = "Nothing answers. The sliders need a running lesson: run the cell again.";
    }, 10000);
  }

  function showValues() {
    for (const [name, { input, showValue }] of Object.entries(inputs)) {
      input.value = model.get("values")[name];
      showValue();
    }
    inPage?.show();
  }
  function showFrame() {
    clearTimeout(timer);
    if (playing) {
      clearTimeout(nextStep);
      nextStep = setTimeout(takeStep, 60);
    }
    waiting = false;
    if (next) {
      send(next);
      next = null;
    }
    svg.innerHTML = model.get("svg");
    picture.setAttribute("aria-label", model.get("alt"));
    numbers.replaceChildren(
      ...model.get("numbers").map(([name, value]) =>
        element("tr", {}, element("th", { scope: "row" }, name), element("td", {}, value))
      )
    );
    message.textContent = model.get("message");
  }
  showFrame();
  showValues();

  let speech; // what the picture shows is said once it has stood still
  new MutationObserver(() => {
    clearTimeout(speech);
    speech = setTimeout(() => { spoken.textContent = picture.getAttribute("aria-label"); }, 1000);
  }).observe(picture, { attributeFilter: ["aria-label"] });

  model.on("change:values", showValues);
  model.on("change:drawn", showFrame);
  return () => { // when the cell is run again
    setPlaying(false);
    inPage?.stop();
  };
}

export default { render };
