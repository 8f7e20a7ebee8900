//! `disco-quick-peer count|json FILE`: reads a dump with disco-quick on one thread, and prints the number of records and
//! the seconds from opening the file to the last record as one line of JSON on standard error.
//!
//! `count` makes disco-quick's structs and drops them, as its own example `count` does. `json` also writes each of them
//! to standard output as a line of JSON.
use disco_quick::DiscogsReader::{self, Artists, Labels, Masters, Releases};
use serde::Serialize;
use std::error::Error;
use std::io::{self, BufWriter, Write};
use std::time::Instant;

fn write_json<T: Serialize>(records: impl Iterator<Item = T>) -> Result<usize, Box<dyn Error>> {
    let mut output = BufWriter::with_capacity(1 << 20, io::stdout().lock());
    let mut count = 0;
    for record in records {
        serde_json::to_writer(&mut output, &record)?;
        output.write_all(b"\n")?;
        count += 1;
    }
    output.flush()?;
    Ok(count)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(mode), Some(file), None) = (arguments.next(), arguments.next(), arguments.next()) else {
        return Err("usage: disco-quick-peer count|json FILE".into());
    };
    let start = Instant::now();
    let reader = DiscogsReader::from_path(&file)?;
    let records = match (mode.as_str(), reader) {
        ("count", Artists(records)) => records.count(),
        ("count", Labels(records)) => records.count(),
        ("count", Masters(records)) => records.count(),
        ("count", Releases(records)) => records.count(),
        ("json", Artists(records)) => write_json(records)?,
        ("json", Labels(records)) => write_json(records)?,
        ("json", Masters(records)) => write_json(records)?,
        ("json", Releases(records)) => write_json(records)?,
        _ => return Err("the first argument is count or json".into()),
    };
    let seconds = start.elapsed().as_secs_f64();
    eprintln!("{{\"records\":{records},\"seconds\":{seconds}}}");
    Ok(())
}
