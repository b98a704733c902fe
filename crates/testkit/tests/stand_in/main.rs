//! Plays `bailey serve` for the tests of the process harness: writes its addresses, answers `/readyz`, reacts as its first argument says.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    process::ExitCode,
};

fn main() -> std::io::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().collect();
    let mut error = std::io::stderr();
    writeln!(error, "arguments: {}", arguments[1..].join(" "))?;
    if arguments[1] == "broken" {
        writeln!(error, "cannot open the database")?;
        return Ok(ExitCode::from(7));
    }
    let listeners = [listen()?, listen()?, listen()?];
    let [gateway, control, admin] = &listeners;
    let addresses = format!(
        "{{\"gateway\":\"{}\",\"control\":\"{}\",\"admin\":\"{}\"}}",
        gateway.local_addr()?,
        control.local_addr()?,
        admin.local_addr()?
    );
    let file = arguments.last().map(String::as_str).unwrap_or_default();
    // In two steps, because a reader must bear a half-written file.
    std::fs::write(file, &addresses[..10])?;
    std::fs::write(file, addresses)?;
    writeln!(std::io::stdout(), "variable: {}", std::env::var("STAND_IN").unwrap_or_default())?;
    for (asked, connection) in admin.incoming().enumerate() {
        // Not ready at first, and in one mode never.
        let status = if asked < 3 || arguments[1] == "never" { "503 Not Ready" } else { "200 OK" };
        answer(connection?, status)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn listen() -> std::io::Result<TcpListener> {
    TcpListener::bind("127.0.0.1:0")
}

fn answer(mut connection: TcpStream, status: &str) -> std::io::Result<()> {
    let mut lines = BufReader::new(connection.try_clone()?).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let status = if first.starts_with("GET /readyz ") { status } else { "404 Not Found" };
    write!(connection, "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
}
