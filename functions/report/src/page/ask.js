// Charts say what is under the pointer, the finger or the arrow keys. The numbers are those of `#charts`, which stand for the shapes of
// each picture in the order in which they were drawn. Without this script a chart is the picture alone.
"use strict";

const asking = (() => {
  const GAP = 12;
  const NEAR = 24;
  // The plot of a panel within its picture of 360 by 200: as in chart.rs.
  const PANEL = { width: 360, left: 58, right: 336, top: 10, bottom: 172, height: 200 };

  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  const told = document.createElement("div");
  told.className = "told";
  told.setAttribute("role", "status");
  document.body.append(tip, told);

  /** An answer is `{ head, rows: [{ colour, isSecond, name, value }] }`: from the ninth series on colours come a second time, paler. */
  const sentence = ({ head, rows }) => [head, ...rows.map(({ name, value }) => (name ? `${name} ${value}` : value))].join(", ");

  function element(name, className, ...content) {
    const made = document.createElement(name);
    if (className) made.className = className;
    made.append(...content);
    return made;
  }

  function row({ colour, isSecond, name, value }) {
    const line = element("div", "line");
    if (colour) {
      const swatch = element("span", "swatch");
      swatch.style.background = colour;
      swatch.classList.toggle("second", isSecond === true);
      line.append(swatch);
    }
    if (name) line.append(element("bdi", "", name), " ");
    line.append(element("span", "value", value));
    return line;
  }

  /** Where the page was scrolled to when something was last told. */
  let scrolledTo = {};

  /** Beside a rectangle of the window, and within the window. */
  function show(answer, rect) {
    scrolledTo = { x: scrollX, y: scrollY };
    tip.replaceChildren(element("div", "head", answer.head), ...answer.rows.map(row));
    tip.hidden = false;
    tip.style.left = tip.style.top = "0";
    const room = { width: document.documentElement.clientWidth, height: document.documentElement.clientHeight };
    // Sixteen lines are higher than a phone on its side: nothing could scroll to the last of them.
    let width, height;
    for (const columns of [1, 2, 3]) {
      tip.style.columnCount = columns > 1 ? columns : "";
      tip.classList.toggle("tight", columns > 1);
      ({ width, height } = tip.getBoundingClientRect());
      if (height <= room.height - 8) break;
    }
    const fitsRight = rect.right + GAP + width <= room.width;
    const fitsLeft = rect.left - GAP - width >= 0;
    const middle = Math.min(Math.max((rect.left + rect.right - width) / 2, 4), room.width - width - 4);
    const left = fitsRight ? rect.right + GAP : fitsLeft ? rect.left - GAP - width : middle;
    const above = rect.top - GAP - height;
    const beside = (rect.top + rect.bottom - height) / 2;
    const wanted = fitsRight || fitsLeft ? beside : above >= 0 ? above : rect.bottom + GAP;
    const top = Math.min(Math.max(wanted, 4), room.height - height - 4);
    tip.style.left = `${Math.max(left, 0) + scrollX}px`;
    tip.style.top = `${Math.max(top, 0) + scrollY}px`;
  }

  function hide() {
    tip.hidden = true;
  }

  const tell = (answer) => {
    told.textContent = answer ? sentence(answer) : "";
  };

  /**
   * Makes a part of the page answer. `chart` has `count`, `answer(place)`, `rect(place)`, `mark(place)` and `clear()`; places are from 0
   * on, and -1 is none. It may have `nearest(x, y)`, which is asked for the pointer, and `beside(place, key)`, for what lies above and
   * below. Returns `ask`, for a place that the chart has marked itself, and `end`.
   */
  function answers(host, name, chart) {
    let at = -1;
    host.tabIndex = 0;
    host.setAttribute("role", "application");
    host.setAttribute("aria-roledescription", "chart");
    host.setAttribute("aria-label", `${name}. The arrow keys step through its values.`);
    const ask = (place, isTold, isMarked) => {
      if (!isMarked) chart.clear();
      at = place;
      if (place < 0) {
        hide();
        return;
      }
      if (!isMarked) chart.mark(place);
      show(chart.answer(place), chart.rect(place));
      if (isTold) tell(chart.answer(place));
    };
    const end = () => {
      if (at >= 0) ask(-1);
    };
    if (chart.nearest) {
      host.addEventListener("pointermove", (event) => {
        if (event.pointerType !== "touch") ask(chart.nearest(event.clientX, event.clientY));
      });
      host.addEventListener("pointerleave", (event) => {
        if (event.pointerType !== "touch") end();
      });
      host.addEventListener("click", (event) => ask(chart.nearest(event.clientX, event.clientY), true));
    }
    host.addEventListener("blur", end);
    // Without a focus that leaves, as after a tap: what is asked ends by a press elsewhere, and where everything moves.
    addEventListener("resize", end);
    addEventListener("pointerdown", (event) => {
      if (!host.contains(event.target)) end();
    }, true);
    addEventListener("keydown", (event) => {
      if (event.key === "Escape") end();
    });
    host.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const last = chart.count - 1;
      const steps = {
        ArrowRight: at < 0 ? 0 : Math.min(at + 1, last),
        ArrowLeft: at < 0 ? last : Math.min(Math.max(at - 1, 0), last),
        Home: 0,
        End: last,
      };
      let place = steps[event.key];
      if (event.key === "ArrowUp" || event.key === "ArrowDown") place = at < 0 ? 0 : chart.beside?.(at, event.key);
      if (place === undefined) return;
      event.preventDefault();
      ask(place, true);
    });
    return { ask: (place, isTold) => ask(place, isTold, true), end };
  }

  /** What is nearest to a point, by its distance to the rectangle of each. */
  function nearestOf(rects, x, y) {
    let [best, least] = [-1, NEAR];
    rects.forEach((rect, place) => {
      const away = Math.hypot(Math.max(rect.left - x, 0, x - rect.right), Math.max(rect.top - y, 0, y - rect.bottom));
      if (away < least) [best, least] = [place, away];
    });
    return best;
  }

  const around = (rects) => ({
    left: Math.min(...rects.map((rect) => rect.left)),
    right: Math.max(...rects.map((rect) => rect.right)),
    top: Math.min(...rects.map((rect) => rect.top)),
    bottom: Math.max(...rects.map((rect) => rect.bottom)),
  });

  /** Bars and cells: `marks` are `[label, how many rectangles, [[colour, value]]]`. */
  function picture(host, name, marks) {
    const shapes = () => {
      const svg = [...host.querySelectorAll("svg")].find((each) => each.getClientRects().length > 0);
      const all = [...svg.querySelectorAll("rect:not(.pointed)")];
      let first = 0;
      return marks.map(([, count]) => all.slice(first, (first += count)));
    };
    const rect = (place) => around(shapes()[place].map((shape) => shape.getBoundingClientRect()));
    const rects = () => shapes().map((mark) => around(mark.map((shape) => shape.getBoundingClientRect())));
    const middle = (rect) => ({ x: (rect.left + rect.right) / 2, y: (rect.top + rect.bottom) / 2 });
    answers(host, name, {
      count: marks.length,
      answer: (place) => ({
        head: marks[place][0],
        rows: marks[place][2].map(([colour, value]) => (colour ? { ...themed(colour), value } : { value })),
      }),
      rect,
      nearest: (x, y) => nearestOf(rects(), x, y),
      beside: (place, key) => {
        const sign = key === "ArrowUp" ? -1 : 1;
        const all = rects().map(middle);
        const here = all[place];
        let [best, least] = [place, Infinity];
        all.forEach(({ x, y }, other) => {
          const away = sign * (y - here.y);
          const distance = away + 1000 * Math.round(Math.abs(x - here.x) / 8);
          if (away > 2 && distance < least) [best, least] = [other, distance];
        });
        return best;
      },
      mark: (place) => shapes()[place].forEach((shape) => {
        const outline = shape.cloneNode();
        outline.removeAttribute("opacity");
        outline.setAttribute("class", "pointed");
        shape.ownerSVGElement.append(outline);
      }),
      clear: () => host.querySelectorAll(".pointed").forEach((outline) => outline.remove()),
    });
  }

  /** A panel: `trace` has `at` and `answer(place)`; it shows from `first` to `last` of what `at` counts. */
  function panel(host, name, trace, [first, last]) {
    const svg = host.querySelector("svg");
    const across = (place) => PANEL.left + ((trace.at[place] - first) / (last - first)) * (PANEL.right - PANEL.left);
    const scale = () => svg.getBoundingClientRect().width / PANEL.width;
    const line = document.createElementNS("http://www.w3.org/2000/svg", "line");
    line.setAttribute("class", "pointer");
    line.setAttribute("y1", PANEL.top);
    line.setAttribute("y2", PANEL.bottom);
    answers(host, name, {
      count: trace.at.length,
      answer: trace.answer,
      rect: (place) => {
        const box = svg.getBoundingClientRect();
        const x = box.left + across(place) * scale();
        return { left: x, right: x, top: box.top + PANEL.top * scale(), bottom: box.top + PANEL.bottom * scale() };
      },
      nearest: (x) => {
        const wanted = (x - svg.getBoundingClientRect().left) / scale();
        return trace.at.reduce((best, _, place) => (Math.abs(across(place) - wanted) < Math.abs(across(best) - wanted) ? place : best), 0);
      },
      mark: (place) => {
        line.setAttribute("x1", across(place));
        line.setAttribute("x2", across(place));
        svg.append(line);
      },
      clear: () => line.remove(),
    });
  }

  const styles = getComputedStyle(document.documentElement);
  const colour = (name) => styles.getPropertyValue(`--${name}`).trim();
  /** The colour of a series of the pictures, which is its number: as in colour.rs. */
  const themed = (drawn) => {
    const number = Number.parseInt(drawn.slice(1), 16) - 1;
    return { colour: `var(--s${(number % 8) + 1})`, isSecond: number >= 8 };
  };

  const figures = [...document.querySelectorAll("figure[data-chart]")];
  const charts = JSON.parse(document.querySelector("#charts").textContent);
  for (const figure of figures) {
    const chart = charts[Number(figure.dataset.chart)];
    if (!chart.marks?.length) continue;
    const host = figure.querySelector(".picture");
    const wrapper = element("div", "ask");
    host.replaceWith(wrapper);
    wrapper.append(host);
    picture(wrapper, host.getAttribute("aria-label"), chart.marks);
  }
  // The event of a scroll comes a frame later: what was asked after it, as by Tab and an arrow key, stays.
  addEventListener("scroll", () => {
    if (scrollX !== scrolledTo.x || scrollY !== scrolledTo.y) hide();
  }, { passive: true });

  return { charts, figures, element, answers, panel, colour };
})();
