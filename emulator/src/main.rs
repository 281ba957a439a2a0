//! The emulator as a process: prints where its control API is, and ends when its standard input does.

use rolebridge_emulator::Cloud;
use std::io::{self, Write};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let port = match &arguments[..] {
        [] => 0,
        [option, port] if option == "--port" => port.parse()?,
        _ => return Err("usage: rolebridge-emulator [--port N]".into()),
    };
    let cloud = Cloud::start_on(port)?;
    let mut output = io::stdout();
    writeln!(output, "{}", serde_json::json!({ "control": cloud.control_url() }))?;
    output.flush()?;
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}
