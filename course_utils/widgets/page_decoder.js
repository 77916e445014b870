// A decoder in the page: computes the picture from what PageDecoder.page() of page_decoder.py has sent, in float64.
// A layer's values are an array (pixels, channels), the pixels row by row, with room for one pixel more.

function unpack({ numbers: { buffer, byteOffset, byteLength }, bits }) {
  const bytes = buffer.slice(byteOffset, byteOffset + byteLength);
  if (bits === 32) return Float64Array.from(new Float32Array(bytes));
  return Float64Array.from(new Uint16Array(bytes), (half) => {
    const exponent = (half >> 10) & 31, fraction = (half & 1023) / 1024;
    return (half >> 15 ? -1 : 1) * (exponent ? (1 + fraction) * 2 ** (exponent - 15) : fraction * 2 ** -14);
  });
}

// x (pixels, inputs) times the transposed matrix (rows, inputs): blocks of two pixels and four rows, which is fast.
function multiply(matrix, x, inputs, pixels) {
  const rows = matrix.length / inputs, y = new Float64Array((pixels + 1) * rows);
  for (let pixel = 0; pixel < pixels; pixel += 2) {
    for (let row = 0; row < rows; row += 4) {
      let a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0;
      for (let i = 0, at = pixel * inputs, k = row * inputs; i < inputs; i++, at++, k++) {
        const m = matrix[k], n = matrix[k + inputs], o = matrix[k + 2 * inputs], p = matrix[k + 3 * inputs];
        const u = x[at], v = x[at + inputs];
        a += m * u; b += n * u; c += o * u; d += p * u;
        e += m * v; f += n * v; g += o * v; h += p * v;
      }
      const at = pixel * rows + row, next = at + rows;
      y[at] = a; y[at + 1] = b; y[at + 2] = c; y[at + 3] = d;
      y[next] = e; y[next + 1] = f; y[next + 2] = g; y[next + 3] = h;
    }
  }
  return y;
}

// The transposed convolution's second half: adds up the 4 × 4 taps of each pixel, with stride 2 and padding 1.
function double(taps, channels, from, side) {
  const y = new Float64Array((side * side + 1) * channels);
  for (let k = 0; k < from * from * 16; k++) {
    const row = 2 * Math.floor(k / 16 / from) + ((k >> 2) & 3) - 1, column = 2 * ((k >> 4) % from) + (k & 3) - 1;
    if (row < 0 || row >= side || column < 0 || column >= side) continue;
    for (let c = 0, to = (row * side + column) * channels; c < channels; c++) y[to + c] += taps[k * channels + c];
  }
  return y;
}

// Return a function from z to the picture's pixels, row by row: red, green, blue, 255.
export function pageDecoder(page) {
  const numbers = unpack(page), { side, outputs, head, palette } = page;
  let start = 0;
  const take = (length) => numbers.subarray(start, (start += length));
  const layers = page.layers.map(({ sizes, ...layer }) => {
    const [matrix, ...biases] = sizes.map(take);
    return { ...layer, matrix, biases };
  });

  return (z) => {
    let x = new Float64Array(2 * layers[0].inputs), pixels = 1, channels;
    x.set(z);
    for (const layer of layers) {
      channels = layer.channels;
      x = multiply(layer.matrix, x, layer.inputs, pixels);
      if (layer.side) x = double(x, channels, Math.sqrt(pixels), layer.side);
      pixels = layer.side ** 2 || (pixels * layer.matrix.length) / (layer.inputs * channels);
      for (const bias of layer.biases) for (let k = 0; k < pixels * channels; k++) x[k] += bias[k % bias.length];
      if (layer !== layers.at(-1)) for (let k = 0; k < pixels * channels; k++) if (x[k] < 0) x[k] *= page.leak;
    }

    const picture = new Uint8ClampedArray(4 * side ** 2);
    for (let pixel = 0; pixel < pixels; pixel++) {
      const at = pixel * channels;
      let best = 0;
      for (let k = 1; k < outputs; k++) if (x[at + k] > x[at + best]) best = k;
      for (let colour = 0; colour < 3; colour++) {
        const y = x[at + (colour % outputs)];
        const level = head === "logit" ? 1 / (1 + Math.exp(-y)) : Math.min(Math.max(y, 0), 1);
        const mixed = palette[colour] * (1 - level) + palette[3 + colour] * level;
        picture[4 * pixel + colour] = head === "number" ? palette[3 * best + colour] : mixed; // rounded by the array
      }
      picture[4 * pixel + 3] = 255;
    }
    return picture;
  };
}
