use std::env;
use syslog::{Facility, Formatter3164, Formatter5424};

fn old(host: Option<&str>) -> Formatter3164 {
    Formatter3164 { facility: Facility::LOG_LOCAL2, hostname: host.map(String::from), process: "ingest".into(), pid: 42 }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = format!("{}:{}", env::var("SYSLOG_HOST")?, env::var("SYSLOG_PORT")?);
    syslog::udp(old(Some("web3")), "127.0.0.1:0", &server)?.err("batch failed over udp")?;
    syslog::tcp(old(Some("web3")), &server)?.err("batch failed over tcp")?;
    let socket = env::var("SYSLOG_SOCKET")?;
    syslog::unix_custom(old(None), &socket)?.err("batch failed over the socket")?;
    let new = Formatter5424 {
        facility: Facility::LOG_LOCAL2, hostname: Some("web3".into()), process: "ingest".into(), pid: 42,
    };
    let mut writer = syslog::unix_custom(new, &socket)?;
    writer.err((1, Default::default(), "batch failed in the new format"))?;
    Ok(())
}
