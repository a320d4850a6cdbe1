// What the checks share: which texts and elements of the page can be seen, where, and how to name them in a message.
() => {
  const MAX_QUOTED = 40;

  const quote = (text) => {
    const line = text.replace(/\s+/g, " ").trim();
    return `"${line.length > MAX_QUOTED ? `${line.slice(0, MAX_QUOTED)}…` : line}"`;
  };

  const shortName = (element) => {
    const classes = [...element.classList].map((name) => `.${name}`).join("");
    return element.localName + (element.id ? `#${element.id}` : classes);
  };

  /** Like `section.period > table > td "1,234.50"`. */
  const describe = (element) => {
    const above = [];
    for (let each = element.parentElement; each && each !== document.body && above.length < 2; each = each.parentElement) {
      if (each.id || each.classList.length || each.matches("table, figure, svg, section, main, header, footer, nav")) above.unshift(shortName(each));
    }
    const text = element.textContent.trim();
    return [...above, shortName(element)].join(" > ") + (text ? ` ${quote(text)}` : "");
  };

  const ancestors = (element) => {
    const all = [];
    for (let each = element; each; each = each.parentElement) all.push(each);
    return all;
  };

  /** `ask(element, answer for its parent)`, asked once for each element: thousands of cells share their ancestors. */
  const remembered = (ask, ofNothing) => {
    const known = new Map([[null, ofNothing]]);
    const answer = (element) => {
      if (!known.has(element)) known.set(element, ask(element, answer(element.parentElement)));
      return known.get(element);
    };
    return answer;
  };

  /** Kept for screen readers alone: cut away, or one pixel large. */
  const isForReadersAlone = remembered((element, isParent) => {
    const style = getComputedStyle(element);
    const isCutAway = style.clipPath === "inset(50%)" || style.clipPath === "inset(100%)";
    return isParent || isCutAway || (element.offsetWidth <= 1 && element.offsetHeight <= 1 && style.overflowX === "hidden");
  }, false);

  /** The element and those around it that show only what is inside of them, by scrolling or cutting; not the page itself. */
  const frames = remembered((element, ofParent) => {
    const isPage = element === document.body || element === document.documentElement;
    return isPage || getComputedStyle(element).overflowX === "visible" ? ofParent : [element, ...ofParent];
  }, []);

  const isVisible = (element) =>
    element.checkVisibility({ opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true });

  const intersect = (one, other) => {
    const left = Math.max(one.left, other.left);
    const right = Math.min(one.right, other.right);
    const top = Math.max(one.top, other.top);
    const bottom = Math.min(one.bottom, other.bottom);
    return { left, right, top, bottom, width: right - left, height: bottom - top };
  };

  /** The part of `rect` that can be seen. */
  const seenPart = (element, rect) =>
    frames(element.parentElement).reduce((seen, frame) => intersect(seen, frame.getBoundingClientRect()), rect);

  /** Every visible text: its element, its size on the screen in px, and the rectangle of each of its lines. */
  const texts = () => {
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node.parentElement;
      if (!node.data.trim() || !isVisible(element) || isForReadersAlone(element)) continue;
      const isSvg = element instanceof SVGElement;
      const range = document.createRange();
      range.selectNodeContents(node);
      const rects = isSvg ? [element.getBoundingClientRect()] : [...range.getClientRects()];
      const lines = rects.filter((rect) => rect.width > 0 && rect.height > 0);
      if (lines.length === 0) continue;
      const scale = isSvg && element.getScreenCTM ? Math.abs(element.getScreenCTM().d) || 1 : 1;
      const size = parseFloat(getComputedStyle(element).fontSize) * scale;
      found.push({ text: node.data, element, isSvg, size, lines });
    }
    return found;
  };

  /** Every pair of `items` whose `rect` meet; few are compared, since they are sorted from top to bottom. */
  const meetingPairs = (items, least) => {
    const sorted = [...items].sort((one, other) => one.rect.top - other.rect.top);
    const pairs = [];
    sorted.forEach((one, index) => {
      for (let next = index + 1; next < sorted.length && sorted[next].rect.top < one.rect.bottom; next += 1) {
        const common = intersect(one.rect, sorted[next].rect);
        if (common.width > least && common.height > least) pairs.push([one, sorted[next]]);
      }
    });
    return pairs;
  };

  return { quote, describe, ancestors, remembered, frames, isVisible, seenPart, texts, meetingPairs };
}
