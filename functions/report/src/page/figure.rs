//! A chart on a page, with its title, units and legend.

use maud::{Markup, PreEscaped, html};

use crate::chart::{Drawing, LegendEntry, Panel, Picture, Swatch};
use crate::declaration::Chart;
use crate::visible::is_word;

/// `number` is that of the chart among those of the page that can be asked.
pub(super) fn render(chart: &Chart, drawing: Option<&Drawing>, number: usize) -> Markup {
    let Some(drawing) = drawing else {
        return html! {
            figure class="chart" {
                figcaption { (chart.title) }
                p class="muted" { (chart.empty) }
            }
        };
    };
    html! {
        figure class="chart" data-chart=(number) {
            figcaption { (chart.title) @if !drawing.y_unit.is_empty() { span class="unit" { (drawing.y_unit) } } }
            @match &drawing.picture {
                Picture::Whole { wide, narrow } => {
                    div class="picture" role="img" aria-label={ (chart.title) ": " (drawing.summary) } {
                        div class="wide" { (PreEscaped(wide)) }
                        div class="narrow" { (PreEscaped(narrow)) }
                    }
                }
                Picture::Panels(panels) => div class="panels" { @for panel in panels { (small(panel)) } },
            }
            @if !drawing.x_unit.is_empty() { p class="axis" { (drawing.x_unit) } }
            @if !drawing.legend.is_empty() {
                ul class="legend" { @for entry in &drawing.legend { li { (legend(entry, drawing.swatch)) } } }
            }
            @if let Some(note) = &drawing.note { p class="muted" { (note) } }
        }
    }
}

fn small(panel: &Panel) -> Markup {
    html! {
        div class="panel" {
            p class="name" { bdi class=[is_word(&panel.label).then_some("whole")] { (panel.label) } " " span class="value" { (panel.value) } }
            div class="picture" role="img" aria-label=(panel.summary) { (PreEscaped(&panel.svg)) }
        }
    }
}

fn legend(entry: &LegendEntry, swatch: Swatch) -> Markup {
    html! {
        svg width="22" height="10" viewBox="0 0 22 10" aria-hidden="true" {
            @match swatch {
                Swatch::Line => line x1="1" y1="5" x2="21" y2="5" stroke=(entry.colour) stroke-width="3" {},
                Swatch::Box => rect x="6" width="10" height="10" rx="2" fill=(entry.colour) {},
            }
        }
        " " bdi class=[is_word(&entry.label).then_some("whole")] { (entry.label) } " " span class="value" { (entry.value) }
    }
}
