//! The table that is printed.

use crate::compare::Row;

/// Figures of servers under load, each with its multiple of the first's.
pub fn table(rows: &[Row]) -> String {
    let mut text = format!(
        "{:<9} {:>5} {:<9} {:>9} {:>6} {:>9} {:>6} {:>9} {:>6} {:>8} {:>6} {:>8} {:>8} {:>5}\n",
        "",
        "conns",
        "server",
        "req/s",
        "x",
        "cpu us",
        "x",
        "p50 us",
        "x",
        "p99 us",
        "x",
        "MiB was",
        "MiB is",
        "log"
    );
    for row in rows {
        let (median, ratio) = (&row.median, &row.ratio);
        text += &format!(
            "{:<9} {:>5} {:<9} {:>9.0} {:>6.2} {:>9.1} {:>6.2} {:>9.0} {:>6.2} {:>8.0} {:>6.2} {:>8.1} {:>8.1} {:>5.2}\n",
            row.scenario,
            row.connections,
            row.server,
            median.requests_per_second,
            ratio.requests_per_second,
            median.cpu_us_per_request,
            ratio.cpu_us_per_request,
            median.p50_us,
            ratio.p50_us,
            median.p99_us,
            ratio.p99_us,
            mib(row.resident_before),
            mib(row.resident_after),
            row.log_lines_per_request,
        );
    }
    text
}

pub fn mib(bytes: f64) -> f64 {
    bytes / 1024.0 / 1024.0
}
