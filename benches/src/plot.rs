//! Bar charts as SVG.

use std::fmt::Write as _;

/// A row of a chart.
pub struct Bar {
    /// The text before the bar.
    pub label: String,
    /// The length.
    pub value: f64,
    /// The text after the bar.
    pub text: String,
    /// The value at which a line is drawn, for instance a goal.
    pub mark: Option<f64>,
    /// Whether the bar is drawn in the accent color.
    pub accent: bool,
}

const WIDTH: f64 = 800.0;
const LEFT: f64 = 280.0;
const RIGHT: f64 = 150.0;
const ROW: f64 = 26.0;
const TOP: f64 = 56.0;

/// Draws a chart whose bars start at zero. The colors can be read on light and on dark backgrounds.
pub fn bars(title: &str, subtitle: &str, bars: &[Bar]) -> String {
    let longest = bars.iter().flat_map(|bar| [Some(bar.value), bar.mark]).flatten().fold(0.0, f64::max);
    let scale = (WIDTH - LEFT - RIGHT) / longest.max(f64::MIN_POSITIVE);
    let height = TOP + ROW * bars.len() as f64 + 12.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"13\">\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" rx=\"6\" fill=\"#ffffff\"/>\n\
         <text x=\"16\" y=\"24\" font-size=\"15\" font-weight=\"600\" fill=\"#1a1a1a\">{}</text>\n\
         <text x=\"16\" y=\"43\" fill=\"#555555\">{}</text>\n",
        escaped(title),
        escaped(title),
        escaped(subtitle),
    );
    for (index, bar) in bars.iter().enumerate() {
        let y = TOP + ROW * index as f64;
        let (length, fill) = ((bar.value * scale).max(1.0), if bar.accent { "#0b63ce" } else { "#8a8f98" });
        let _ = write!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\" fill=\"#1a1a1a\">{}</text>\
             <rect x=\"{LEFT}\" y=\"{}\" width=\"{length:.1}\" height=\"16\" rx=\"2\" fill=\"{fill}\"/>",
            LEFT - 10.0,
            y + 17.0,
            escaped(&bar.label),
            y + 4.0,
        );
        let mut end = LEFT + length;
        if let Some(mark) = bar.mark {
            let x = LEFT + mark * scale;
            end = end.max(x);
            let _ = write!(
                svg,
                "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{}\" y2=\"{}\" stroke=\"#c2410c\" stroke-width=\"2\"/>",
                y + 1.0,
                y + 23.0,
            );
        }
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{}\" fill=\"#1a1a1a\">{}</text>",
            end + 8.0,
            y + 17.0,
            escaped(&bar.text)
        );
    }
    svg + "</svg>\n"
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
