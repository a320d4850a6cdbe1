// Nothing is cut off, overflows or overlaps.
({ quote, describe, ancestors, remembered, frames, isVisible, seenPart, texts, meetingPairs }) => {
  const TOLERANCE = 1;
  const isPrint = matchMedia("print").matches;
  const SMALLEST_TEXT = isPrint ? 7 : 9;
  // Browsers make what is too wide for the paper smaller; up to here it can still be read.
  const WIDEST = isPrint ? 1.25 : 1;
  // A line of text is higher than its letters by about this part of the font's size, above and below.
  const LINE_MARGIN = 0.17;
  const LABEL_GAP = 2;
  const LONGEST_WORD = 16;
  const BLOCKS = "header, main, footer, nav, section, article, aside, figure, figcaption, details, table, dl, dl > div, ul, ol, p, "
    + "h1, h2, h3, h4, svg, img, button, [role=region]";

  const findings = [];
  const root = document.documentElement;
  const scrolls = (element) => /auto|scroll/.test(getComputedStyle(element).overflowX);
  /** What is scrolled away is not cut off: only what is inside of the next scroller counts. */
  const cutters = (element) => {
    const around = frames(element);
    const scroller = around.findIndex(scrolls);
    return scroller < 0 ? around : around.slice(0, scroller);
  };
  const px = (number) => `${Math.round(number)} px`;

  const sideways = () => {
    const width = root.clientWidth;
    if (root.scrollWidth > width * WIDEST) {
      const outside = [...document.body.querySelectorAll("*")].filter((element) =>
        isVisible(element) && element.getBoundingClientRect().right > width + TOLERANCE && frames(element.parentElement).length === 0);
      const culprits = outside.filter((element) => !outside.some((other) => other !== element && other.contains(element)));
      const names = culprits.slice(0, 3).map((element) => `${describe(element)} ends at ${px(element.getBoundingClientRect().right)}`);
      findings.push(`the page scrolls sideways: ${px(root.scrollWidth)} wide in a window of ${px(width)}: ${names.join("; ")}`);
    }
    for (const element of document.body.querySelectorAll("*")) {
      if (!isVisible(element) || !scrolls(element) || element.scrollWidth <= element.clientWidth) continue;
      const hasName = element.hasAttribute("aria-label") || element.hasAttribute("aria-labelledby");
      if (element.tabIndex < 0 || !hasName) findings.push(`${describe(element)} scrolls sideways but no key gets there: it needs tabindex=0, a role and a name`);
    }
  };

  const letters = (text, rect) => {
    const margin = text.size * LINE_MARGIN;
    return { left: rect.left, right: rect.right, top: rect.top + margin, bottom: rect.bottom - margin };
  };
  const isOutside = (inner, outer) =>
    inner.left < outer.left - TOLERANCE || inner.right > outer.right + TOLERANCE
    || inner.top < outer.top - TOLERANCE || inner.bottom > outer.bottom + TOLERANCE;

  /** The nearest element with a box of its own. */
  const boxOf = remembered((element, ofParent) => /^(inline|contents)$/.test(getComputedStyle(element).display) ? ofParent : element, null);

  /** A symbol that goes on in the next line is not found by whoever looks for it. */
  const isBroken = ({ text, lines }) => {
    const word = text.trim();
    const isWord = !/\s/.test(word) && word.length <= LONGEST_WORD;
    return isWord && lines.some((line) => line.top > lines[0].bottom - TOLERANCE);
  };

  const htmlText = (text) => {
    if (isBroken(text)) findings.push(`the word ${quote(text.text)} goes on in another line in ${describe(text.element.parentElement)}`);
    for (const rect of text.lines) {
      const seen = letters(text, rect);
      const box = boxOf(text.element);
      if (isOutside(seen, box.getBoundingClientRect())) {
        findings.push(`the text ${quote(text.text)} leaves its box ${describe(box)}`);
        return;
      }
      const cutter = cutters(text.element).find((frame) => isOutside(seen, frame.getBoundingClientRect()));
      if (cutter) {
        findings.push(`the text ${quote(text.text)} is clipped by ${describe(cutter)}`);
        return;
      }
    }
  };

  const svgText = (text) => {
    const frame = ancestors(text.element).findLast((above) => above.localName === "svg");
    if (text.lines.some((rect) => isOutside(letters(text, rect), frame.getBoundingClientRect()))) {
      findings.push(`the label ${quote(text.text)} leaves its chart ${describe(frame.parentElement)}`);
    }
  };

  const svgShapes = () => {
    for (const shape of document.querySelectorAll("svg :is(line, polyline, polygon, path, rect, circle)")) {
      const frame = ancestors(shape).findLast((above) => above.localName === "svg");
      if (isVisible(frame) && isOutside(shape.getBoundingClientRect(), frame.getBoundingClientRect()) && !shape.closest("defs, clipPath")) {
        findings.push(`a ${shape.localName} leaves its chart ${describe(frame.parentElement)}`);
      }
    }
  };

  const overlaps = (found) => {
    const lines = found.flatMap((text) => text.lines.map((rect) => {
      const { left, right, top, bottom } = letters(text, seenPart(text.element, rect));
      const gap = text.isSvg ? LABEL_GAP / 2 : 0;
      return { text, rect: { left: left - gap, right: right + gap, top, bottom } };
    }));
    for (const [one, other] of meetingPairs(lines.filter(({ rect }) => rect.right > rect.left && rect.bottom > rect.top), 0.5)) {
      if (one.text === other.text || (one.text.isSvg && one.text.element === other.text.element)) continue;
      const what = one.text.isSvg && other.text.isSvg ? "labels overlap or nearly touch" : "texts overlap";
      findings.push(`${what}: ${quote(one.text.text)} and ${quote(other.text.text)} in ${describe(one.text.element.parentElement)}`);
    }
    const blocks = [...document.body.querySelectorAll(BLOCKS)]
      .filter((element) => isVisible(element) && !element.parentElement.closest("svg") && getComputedStyle(element).display !== "inline")
      .map((element) => ({ element, rect: seenPart(element, element.getBoundingClientRect()) }));
    for (const [one, other] of meetingPairs(blocks, TOLERANCE)) {
      if (one.element.contains(other.element) || other.element.contains(one.element)) continue;
      findings.push(`boxes overlap: ${describe(one.element)} and ${describe(other.element)}`);
    }
  };

  const found = texts();
  sideways();
  for (const text of found) {
    if (text.size < SMALLEST_TEXT) findings.push(`the text ${quote(text.text)} is ${text.size.toFixed(1)} px small: ${SMALLEST_TEXT} at least`);
    (text.isSvg ? svgText : htmlText)(text);
  }
  svgShapes();
  overlaps(found);
  return findings;
}
