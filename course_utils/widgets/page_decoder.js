// A decoder in the page: computes the picture from what PageDecoder.page() of page_decoder.py has sent.
// Each layer's values are an array of channels × pixels, row by row, in float64.

function unpack({ numbers: { buffer, byteOffset, byteLength }, bits }) {
  const bytes = buffer.slice(byteOffset, byteOffset + byteLength);
  if (bits === 32) return Float64Array.from(new Float32Array(bytes));
  return Float64Array.from(new Uint16Array(bytes), (half) => {
    const exponent = (half >> 10) & 31, fraction = (half & 1023) / 1024;
    return (half >> 15 ? -1 : 1) * (exponent ? (1 + fraction) * 2 ** (exponent - 15) : fraction * 2 ** -14);
  });
}

// (rows, inputs) times (inputs, pixels), four rows at a time, which is fast.
function multiply(matrix, x, inputs, pixels) {
  const rows = matrix.length / inputs, y = new Float64Array(rows * pixels);
  for (let row = 0; row < rows; row += 4) {
    for (let pixel = 0; pixel < pixels; pixel++) {
      let a = 0, b = 0, c = 0, d = 0;
      for (let i = 0, k = row * inputs, at = pixel; i < inputs; i++, k++, at += pixels) {
        const value = x[at];
        a += matrix[k] * value;
        b += matrix[k + inputs] * value;
        c += matrix[k + 2 * inputs] * value;
        d += matrix[k + 3 * inputs] * value;
      }
      const at = row * pixels + pixel;
      y[at] = a;
      y[at + pixels] = b;
      y[at + 2 * pixels] = c;
      y[at + 3 * pixels] = d;
    }
  }
  return y;
}

// The transposed convolution's second half: adds up the 4 × 4 taps of each pixel, with stride 2 and padding 1.
function double(taps, channels, from, side) {
  const y = new Float64Array(channels * side * side);
  for (let row = 0, k = 0; row < 16 * channels; row++) {
    const channel = row >> 4, down = ((row >> 2) & 3) - 1, right = (row & 3) - 1;
    for (let i = 0; i < from; i++) {
      for (let j = 0; j < from; j++, k++) {
        const top = 2 * i + down, left = 2 * j + right;
        if (top >= 0 && top < side && left >= 0 && left < side) y[(channel * side + top) * side + left] += taps[k];
      }
    }
  }
  return y;
}

// Return a function from z to the picture, an ImageData.
function pageDecoder(page) {
  const numbers = unpack(page), { side, palette } = page;
  let start = 0;
  const take = (length) => numbers.subarray(start, (start += length));
  const layers = page.layers.map(({ side, matrix: [rows, inputs], biases }) => {
    const matrix = new Float64Array(4 * Math.ceil(rows / 4) * inputs); // with rows of zeros at the end, for multiply
    matrix.set(take(rows * inputs));
    return { side, rows, inputs, matrix, biases: biases.map(take) };
  });

  return (z) => {
    let x = Float64Array.from(z);
    layers.forEach(({ side, rows, inputs, matrix, biases }, number) => {
      const pixels = x.length / inputs;
      x = multiply(matrix, x, inputs, pixels).subarray(0, rows * pixels);
      if (side) x = double(x, rows / 16, Math.sqrt(pixels), side);
      for (const bias of biases) for (let k = 0, each = x.length / bias.length; k < x.length; k++) x[k] += bias[Math.floor(k / each)];
      if (number < layers.length - 1) for (let k = 0; k < x.length; k++) if (x[k] < 0) x[k] *= page.leak;
    });

    const pixels = side * side, channels = x.length / pixels;
    const picture = new ImageData(side, side), level = page.head === "sigmoid" ? (y) => 255 / (1 + Math.exp(-y)) : (y) => 255 * y;
    for (let pixel = 0; pixel < pixels; pixel++) {
      let best = 0;
      if (palette.length) for (let k = 1; k < channels; k++) if (x[k * pixels + pixel] > x[best * pixels + pixel]) best = k;
      for (let colour = 0; colour < 3; colour++)  // a clamped array rounds, to 0 … 255
        picture.data[4 * pixel + colour] = palette.length ? palette[3 * best + colour] : level(x[(colour % channels) * pixels + pixel]);
      picture.data[4 * pixel + 3] = 255;
    }
    return picture;
  };
}

// Draw in the page what the sliders say, and make the buttons that need no kernel. Positions are shares of the picture.
function decoderInPage(model, picture, svg, addButton) {
  const page = model.get("page"), [low, high] = page.limits, [x0, y0, width, height] = page.plane;
  const decode = pageDecoder(page), sliders = model.get("sliders"), names = Object.keys(sliders).map((_, k) => `z${k + 1}`);

  const canvas = Object.assign(document.createElement("canvas"), { width: page.side, height: page.side });
  ["left", "top", "width", "height"].forEach((name, k) => (canvas.style[name] = `${100 * page.picture[k]}%`));
  picture.append(canvas);

  const get = () => names.map((name) => model.get("values")[name]);
  function set(z) {
    model.set("values", Object.fromEntries(names.map((name, k) => [name, z[k]])));
    model.save_changes();
  }
  function show() {
    const z = get(), words = z.map((value) => value.toFixed(2)).join(", ").replaceAll("-", "−");
    canvas.getContext("2d").putImageData(decode(z), 0, 0);
    picture.setAttribute("aria-label", `The picture decoded from z = (${words}).`);
    const [x, y] = [x0 + (width * (z[0] - low)) / (high - low), y0 + (height * (high - z[1])) / (high - low)];
    for (const dot of svg.querySelectorAll("path")) dot.setAttribute("d", `M${x * svg.viewBox.baseVal.width} ${y * svg.viewBox.baseVal.height}h0`);
  }
  function click(x, y) {
    const across = (x - x0) / width, down = (y - y0) / height;
    if (across >= 0 && across <= 1 && down >= 0 && down <= 1) jump([low + across * (high - low), high - down * (high - low)]);
  }

  // the walk: a straight way to the next of the stops, or to z ~ N(0, I) within the limits
  let walked = 1, from, to, stops = 0, timer; // walked: the share of the way
  const normal = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
  const random = () => names.map(() => Math.min(Math.max(normal(), low), high));
  function pause() {
    clearTimeout(timer);
    timer = null;
    walk.textContent = "walk";
  }
  function stop() {
    pause();
    walked = 1;
  }
  function jump(z) {
    stop();
    set(z);
  }
  function step() {
    walked = Math.min(walked + 1 / 60, 1);
    set(from.map((value, k) => value + walked * (to[k] - value)));
    if (walked < 1) timer = setTimeout(step, 40);
    else pause();
  }
  addButton("back to the start", () => jump(names.map((name) => sliders[name].value)));
  addButton("random", () => jump(random()));
  const walk = addButton("walk", () => {
    if (timer) return pause();
    if (walked === 1) [walked, from, to] = [0, get(), page.stops.length ? page.stops[stops++ % page.stops.length] : random()];
    walk.textContent = "pause";
    step();
  });
  walk.style.minWidth = "5em"; // the same for both words, so that nothing jumps
  return { show, click, stop };
}
