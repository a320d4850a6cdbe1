// Lines and candles of any symbol that the page has the numbers of, drawn by TradingView Lightweight Charts: they can be zoomed and moved.
// The picture stays what is printed, and what is seen where no script runs.
"use strict";

{
  const { createChart, LineSeries, CandlestickSeries, CrosshairMode, LineStyle } = LightweightCharts;
  const DAY = 86_400;
  const ALL = "";

  /** Differences are added up again; `answer(place)` is what is said of a point. */
  function readable(chart) {
    const sums = (differences) => {
      let sum = 0;
      return differences.map((difference) => (difference === null ? null : (sum += difference)));
    };
    const axes = chart.axes.map(sums);
    const traces = chart.traces.map(([label, axis, digits, numbers]) => {
      const columns = numbers.map((column) => sums(column).map((count) => (count === null ? null : count / 10 ** digits)));
      const text = writer(digits);
      const trace = { label, at: axes[axis], digits, columns, text };
      trace.values = (place) => chart.names.flatMap((name, column) => {
        const number = columns[column][place];
        return number === null ? [] : [{ name, number, value: text(number), column }];
      });
      trace.answer = (place) => ({
        head: `${label}, ${moment(chart, trace.at[place])}`,
        rows: trace.values(place).map(({ name, value, column }) => ({ name, value, colour: swatch(chart, column) })),
      });
      return trace;
    });
    return { ...chart, traces };
  }

  /** As format.rs writes a number. */
  function writer(digits) {
    const form = new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
    return (number) => form.format(number).replace("-", "−");
  }

  function swatch({ kind }, column) {
    return kind === "lines" ? `var(--s${column + 1})` : undefined;
  }

  const seconds = ({ minutes }, at) => at * (minutes ? 60 : DAY);

  function moment(chart, at) {
    const text = new Date(seconds(chart, at) * 1000).toISOString();
    return chart.minutes ? `${text.slice(0, 10)} ${text.slice(11, 16)} UTC` : text.slice(0, 10);
  }

  function explore(figure, chart) {
    const { element } = asking;
    const isTogether = chart.kind === "together";
    const stage = element("div", "stage");
    const shown = element("output", "shown");
    const select = element("select", "");
    // A page may have two charts: in a list of what can be pressed they are told apart.
    const named = (name) => `${name}, ${chart.title}`;
    select.setAttribute("aria-label", named("Symbol"));
    const button = (text, name, action) => {
      const made = element("button", "", text);
      made.type = "button";
      made.setAttribute("aria-label", named(name));
      made.title = name;
      made.addEventListener("click", action);
      return made;
    };

    const drawing = draw(stage, chart, shown);
    const hasAll = isTogether && chart.drawn.length > 0;
    if (hasAll) select.append(option(`The ${chart.drawn.length} of the picture`, ALL));
    const order = chart.traces.map((trace, place) => [trace.label, place]);
    order.sort(([left], [right]) => (left > right) - (left < right));
    select.append(...order.map(([label, place]) => option(label, String(place))));
    select.value = hasAll ? ALL : "0";
    let chosen;
    const choose = () => {
      chosen = select.value;
      const isAll = chosen === ALL;
      drawing.show(isAll ? chart.traces.slice(0, chart.drawn.length) : [chart.traces[Number(chosen)]], isAll ? chart.drawn : [0]);
      figure.classList.toggle("of-one", isTogether && !isAll);
    };
    select.addEventListener("change", choose);
    // Whoever comes back finds the list as the browser kept it, of which nothing tells: the chart is drawn again.
    select.autocomplete = "off";
    addEventListener("pageshow", () => {
      if (select.value !== chosen) choose();
    });

    const name = `${chart.title}, to be zoomed and moved`;
    const controls = element(
      "div",
      "controls",
      element("label", "", "Symbol ", select),
      element(
        "span",
        "buttons",
        button("−", "Zoom out", () => drawing.zoom(2)),
        button("+", "Zoom in", () => drawing.zoom(0.5)),
        button("←", "Earlier", () => drawing.move(-0.5)),
        button("→", "Later", () => drawing.move(0.5)),
        button("All", "Show all", () => drawing.reset()),
      ),
      shown,
    );
    const hint = element("p", "hint", "Drag moves, pinching zooms; so does the wheel after a click. Keys: arrows for values, + and − to zoom, 0 for all.");
    const absent = chart.rows - chart.traces.length;
    if (absent > 0) hint.append(` ${chart.traces.length} of ${chart.rows} symbols can be chosen: of the others there is too little to draw, or no room in the page.`);
    const explorer = element("div", "explorer", controls, stage, hint);
    (figure.querySelector(":scope > .picture, :scope > .panels")).before(explorer);
    if (isTogether) figure.classList.add("replaced");
    choose();
    drawing.answers(name);

    const panels = figure.querySelectorAll(":scope > .panels > .panel");
    if (!isTogether) chart.drawn.forEach((place, number) => {
      const host = panels[place].querySelector(".picture");
      const wrapper = element("div", "ask");
      host.replaceWith(wrapper);
      wrapper.append(host);
      asking.panel(wrapper, host.getAttribute("aria-label"), chart.traces[number], chart.panels[place]);
    });
  }

  function option(label, value) {
    const made = document.createElement("option");
    made.append(label);
    made.value = value;
    return made;
  }

  /** The library's chart on a stage. */
  function draw(stage, chart, shown) {
    const made = createChart(stage, {
      autoSize: true,
      layout: { attributionLogo: false, fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 12 },
      localization: { locale: "en-GB", timeFormatter: (time) => moment(chart, time / (chart.minutes ? 60 : DAY)) },
      rightPriceScale: { borderVisible: false, entireTextOnly: true },
      timeScale: { borderVisible: false, fixLeftEdge: true, fixRightEdge: true, minBarSpacing: 0.01, timeVisible: chart.minutes, secondsVisible: false },
      crosshair: { mode: CrosshairMode.Normal, horzLine: { visible: false, labelVisible: false } },
      handleScroll: { vertTouchDrag: false, mouseWheel: false },
      handleScale: { mouseWheel: false, axisPressedMouseMove: { price: false } },
    });
    // The library lays its canvases out in a table, which is none to a reader.
    stage.querySelector("table").setAttribute("role", "presentation");
    const scale = made.timeScale();
    let lines = [];
    let points = [];
    let traces = [];
    let asked;
    // The place that a key, a click or a finger asked for, or -1: it stays when the chart moves below it.
    let kept = -1;

    const style = () => {
      const { colour } = asking;
      made.applyOptions({
        layout: { background: { color: "transparent" }, textColor: colour("muted") },
        grid: { vertLines: { visible: false }, horzLines: { color: colour("grid") } },
        crosshair: { vertLine: { color: colour("muted"), labelBackgroundColor: colour("accent") } },
      });
      lines.forEach(({ series, number }) => series.applyOptions(colours(number)));
    };
    const colours = (number) => {
      const { colour } = asking;
      if (chart.kind !== "candles") return { color: colour(`s${(number % 8) + 1}`), lineStyle: number < 8 ? LineStyle.Solid : LineStyle.Dashed };
      const [up, down] = [colour("rise"), colour("fall")];
      return { upColor: up, downColor: down, borderUpColor: up, borderDownColor: down, wickUpColor: up, wickDownColor: down };
    };

    /** `numbers` are those of their colours. */
    function show(chosen, numbers) {
      const days = isWhole ? undefined : between();
      // The library tells of its cross whenever its data change: until all of them have, it is nowhere.
      asked?.end();
      made.clearCrosshairPosition();
      points = [];
      lines.forEach(({ series }) => made.removeSeries(series));
      lines = chosen.flatMap((trace, index) => {
        const number = numbers[index];
        const priceFormat = { type: "custom", minMove: 10 ** -trace.digits, formatter: trace.text };
        const common = { priceFormat, lastValueVisible: false, priceLineVisible: false };
        if (chart.kind === "candles") return [{ trace, number, series: made.addSeries(CandlestickSeries, { ...common, ...colours(number) }), data: candles(trace) }];
        return trace.columns.map((column, place) => {
          const of = chart.kind === "lines" ? place : number;
          const series = made.addSeries(LineSeries, { ...common, lineWidth: 2, crosshairMarkerRadius: 3, ...colours(of) });
          return { trace, number: of, series, data: line(trace, column) };
        });
      });
      lines.forEach(({ series, data }) => series.setData(data));
      traces = chosen;
      points = [...new Set(chosen.flatMap((trace) => trace.at))].sort((left, right) => left - right);
      const [from, to] = days ? [points.findIndex((at) => at >= days[0]), points.findLastIndex((at) => at <= days[1])] : [0, -1];
      if (from >= 0 && from <= to) within(from, to);
      else reset();
      tellShown();
    }
    const line = (trace, column) => trace.at.flatMap((at, place) => (column[place] === null ? [] : [{ time: seconds(chart, at), value: column[place] }]));
    const candles = (trace) => trace.at.map((at, place) => {
      const [open, high, low, close] = trace.columns.map((column) => column[place]);
      return { time: seconds(chart, at), open, high, low, close };
    });

    function visible() {
      const range = scale.getVisibleLogicalRange() ?? { from: 0, to: points.length - 1 };
      // What is half there is there: the library's numbers are a little beside whole ones.
      return { first: Math.max(Math.ceil(range.from - 0.5), 0), last: Math.min(Math.floor(range.to + 0.5), points.length - 1), range };
    }
    /** The first and the last time that are shown. */
    function between() {
      const { first, last } = visible();
      // While it is laid out anew, or another symbol comes, the library may be elsewhere.
      return first <= last && points[first] !== undefined && points[last] !== undefined ? [points[first], points[last]] : undefined;
    }
    function tellShown() {
      const times = between();
      if (times) shown.textContent = times.map((at) => moment(chart, at)).join(" to ");
    }
    // All of it stays all of it when the window, or a price beside it, gets wider.
    let isWhole = true;
    let width = 0;
    const changed = () => {
      if (scale.width() !== width) {
        width = scale.width();
        if (isWhole) scale.fitContent();
      } else {
        const { first, last } = visible();
        isWhole = first === 0 && last === points.length - 1;
      }
      tellShown();
    };
    scale.subscribeVisibleLogicalRangeChange(changed);
    scale.subscribeSizeChange(changed);
    const reset = () => {
      isWhole = true;
      scale.fitContent();
    };

    const within = (from, to) => {
      const most = points.length - 1;
      const length = Math.min(Math.max(to - from, Math.min(4, most)), most);
      const start = Math.min(Math.max((from + to - length) / 2, 0), most - length);
      isWhole = length === most;
      scale.setVisibleLogicalRange({ from: start, to: start + length });
    };
    const zoom = (factor) => {
      const { from, to } = visible().range;
      const around = kept < 0 ? (from + to) / 2 : kept;
      within(around - (around - from) * factor, around + (to - around) * factor);
    };
    const move = (part) => {
      const { from, to } = visible().range;
      within(from + part * (to - from), to + part * (to - from));
    };

    /** One head for all lines that have a value there. */
    function answer(place) {
      const at = points[place];
      if (traces.length === 1) {
        const [trace] = traces;
        return trace.answer(trace.at.indexOf(at));
      }
      const rows = lines.flatMap(({ trace, number }) => {
        const found = trace.at.indexOf(at);
        return found < 0 ? [] : trace.values(found).map(({ value, number: height }) => ({ name: trace.label, value, height, colour: `var(--s${(number % 8) + 1})`, isSecond: number >= 8 }));
      });
      return { head: moment(chart, at), rows: rows.sort((left, right) => right.height - left.height) };
    }
    function rect(place) {
      const box = stage.getBoundingClientRect();
      const x = box.left + (scale.timeToCoordinate(seconds(chart, points[place])) ?? 0);
      return { left: x, right: x, top: box.top, bottom: box.bottom - scale.height() };
    }

    function cross(place) {
      kept = place;
      const { series, data } = lines[0];
      made.setCrosshairPosition(data[0]?.value ?? data[0]?.close ?? 0, seconds(chart, points[place]), series);
    }

    function answers(name) {
      asked = asking.answers(stage, name, {
        get count() { return points.length; },
        answer,
        rect,
        mark: (place) => {
          const { first, last, range } = visible();
          if (place < first || place > last) {
            const length = range.to - range.from;
            const from = place < first ? place : place - length;
            scale.setVisibleLogicalRange({ from, to: from + length });
          }
          cross(place);
        },
        clear: () => {
          kept = -1;
          made.clearCrosshairPosition();
        },
      });
      // Where the pointer is, the library says: it marks that place itself, and keeps a tap to itself.
      const at = ({ point, time, logical }) => (point && time !== undefined && logical in points ? logical : -1);
      made.subscribeCrosshairMove((event) => {
        // No pointer has moved, but the chart, and the cross stayed at its pixel.
        if (kept >= 0 && event.point && !event.sourceEvent) {
          const { first, last } = visible();
          if (kept < first || kept > last) return asked.end();
          cross(kept);
          return asked.ask(kept);
        }
        kept = -1;
        asked.ask(at(event));
      });
      made.subscribeClick((event) => {
        if (at(event) < 0) return;
        cross(at(event));
        asked.ask(kept, true);
      });
      stage.addEventListener("keydown", (event) => {
        const action = { "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2), "−": () => zoom(2), 0: reset }[event.key];
        if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        action();
      });
      // A page is scrolled by the wheel: over a chart, too, until it was chosen.
      const wheel = (isOn) => made.applyOptions({ handleScale: { mouseWheel: isOn } });
      stage.addEventListener("focus", () => wheel(true));
      stage.addEventListener("blur", () => wheel(false));
    }

    style();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", style);
    return { show, zoom, move, reset, answers };
  }

  for (const figure of asking.figures) {
    const chart = asking.charts[Number(figure.dataset.chart)];
    if (chart.traces?.length) explore(figure, readable(chart));
  }
}
