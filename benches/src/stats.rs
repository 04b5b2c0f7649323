//! Order statistics.

/// Returns the value below which `share` (0 to 1) of the values lie.
pub fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    values.get((share * last as f64).round() as usize).copied().unwrap_or(f64::NAN)
}

/// Returns the median.
pub fn median(values: &mut [f64]) -> f64 {
    quantile(values, 0.5)
}
