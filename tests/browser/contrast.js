// Every text stands out from what is painted below it: WCAG 2.2, 1.4.3 (AA). The whole page must be inside the window.
({ quote, describe, ancestors, remembered, texts }) => {
  const SHAPES = "rect, circle, ellipse, path, polygon";
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const known = new Map();

  /** Any CSS colour as [red, green, blue, alpha], the last from 0 to 1. */
  const parse = (colour) => {
    if (!known.has(colour)) {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
      const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
      known.set(colour, [red, green, blue, alpha / 255]);
    }
    return known.get(colour);
  };

  const opacity = remembered((element, ofParent) => ofParent * Number(getComputedStyle(element).opacity), 1);
  const faded = ([red, green, blue, alpha], factor) => [red, green, blue, alpha * factor];
  const over = (top, bottom) => [0, 1, 2].map((index) => top[index] * top[3] + bottom[index] * (1 - top[3])).concat(1);

  /** What an element paints: its background, or the inside of a shape; `null` where that is no plain colour. */
  const paint = remembered((element) => {
    const style = getComputedStyle(element);
    if (!(element instanceof SVGElement) || element.localName === "svg") {
      return style.backgroundImage === "none" ? faded(parse(style.backgroundColor), opacity(element)) : null;
    }
    if (!element.matches(SHAPES) || style.fill === "none") return [0, 0, 0, 0];
    return style.fill.startsWith("url(") ? null : faded(parse(style.fill), opacity(element) * Number(style.fillOpacity));
  });

  const textColour = (element, isSvg) => {
    const style = getComputedStyle(element);
    const colour = isSvg ? faded(parse(style.fill), Number(style.fillOpacity)) : parse(style.webkitTextFillColor);
    return faded(colour, opacity(element));
  };

  /** From the text down, until something opaque. Below all: the canvas, which is the scheme's own. */
  const background = (element, isSvg, x, y) => {
    const stack = document.elementsFromPoint(x, y);
    // Outside of the window or scrolled away, something else is hit or nothing: there, what surrounds the text is below it.
    const isThere = stack.includes(isSvg ? element.closest("svg") : element);
    const below = isThere ? stack.slice(isSvg ? stack.indexOf(element) + 1 : stack.indexOf(element)) : ancestors(element);
    const layers = [];
    for (const layer of below) {
      const colour = paint(layer);
      if (!colour) return null;
      layers.push(colour);
      if (colour[3] >= 1) break;
    }
    return layers.reduceRight((under, layer) => over(layer, under), parse("Canvas"));
  };

  const luminance = (colour) => {
    const [red, green, blue] = colour.slice(0, 3).map((channel) => {
      const part = channel / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const contrast = (one, other) => {
    const [light, dark] = [luminance(one), luminance(other)].sort((left, right) => right - left);
    return (light + 0.05) / (dark + 0.05);
  };
  const hex = (colour) => `#${colour.slice(0, 3).map((channel) => Math.round(channel).toString(16).padStart(2, "0")).join("")}`;

  const findings = [];
  for (const { text, element, isSvg, size, lines } of texts()) {
    const isBold = Number(getComputedStyle(element).fontWeight) >= 700;
    const least = size >= 24 || (isBold && size >= 18.66) ? 3 : 4.5;
    const parts = isSvg ? [0.1, 0.5, 0.9] : [0.5]; // a label may lie on the edge of a bar
    const points = lines.flatMap((rect) => parts.map((part) => [rect.left + rect.width * part, rect.top + rect.height / 2]));
    for (const [x, y] of points) {
      const under = background(element, isSvg, x, y);
      if (!under) {
        findings.push(`the text ${quote(text)} is on a picture or gradient: its contrast cannot be computed`);
        break;
      }
      const colour = over(textColour(element, isSvg), under);
      const ratio = contrast(colour, under);
      if (ratio < least) {
        const place = describe(element.closest("svg")?.parentElement ?? element.parentElement);
        findings.push(`the text ${quote(text)} has a contrast of ${ratio.toFixed(2)}, ${hex(colour)} on ${hex(under)}: ${least} at least, in ${place}`);
        break;
      }
    }
  }
  return findings;
}
