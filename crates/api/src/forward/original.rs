//! What a trusted proxy says about the original request: where it came from, its method, its target.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;

/// Where the original request came from: the last address in `X-Forwarded-For` that is no trusted proxy's. Of a peer that
/// is not trusted itself, nothing but its own address counts.
pub(super) fn source(
    headers: &HeaderMap,
    peer: IpAddr,
    peer_is_trusted: bool,
    trusted: &dyn Fn(IpAddr) -> bool,
) -> Result<IpAddr, ()> {
    if !peer_is_trusted {
        return Ok(peer);
    }
    let mut last = peer;
    for line in headers.get_all("x-forwarded-for").iter().rev() {
        for hop in line.to_str().map_err(drop)?.rsplit(',').map(str::trim).filter(|hop| !hop.is_empty()) {
            last = address(hop)?;
            if !trusted(last) {
                return Ok(last);
            }
        }
    }
    Ok(last)
}

/// An address, perhaps with a port.
fn address(text: &str) -> Result<IpAddr, ()> {
    let plain = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = plain.parse().or_else(|_| text.parse::<SocketAddr>().map(|address| address.ip()));
    address.map(|address| address.to_canonical()).map_err(drop)
}

/// The original request's target: nginx says `X-Original-URI`, Traefik and Caddy `X-Forwarded-Uri`.
pub(super) fn uri(headers: &HeaderMap) -> Result<String, ()> {
    one(headers, ["x-original-uri", "x-forwarded-uri"])
}

/// The original request's method.
pub(super) fn method(headers: &HeaderMap) -> Result<String, ()> {
    one(headers, ["x-original-method", "x-forwarded-method"])
}

/// The one value of these headers. A client may have sent the one that its proxy does not set, so two that differ are none.
fn one(headers: &HeaderMap, names: [&str; 2]) -> Result<String, ()> {
    let mut values = names.iter().flat_map(|name| headers.get_all(*name));
    let first = values.next().ok_or(())?;
    if values.any(|value| value != first) {
        return Err(());
    }
    first.to_str().map(str::to_owned).map_err(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(peer: &str, lines: &[&str]) -> Result<String, ()> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        let trusted = |address: IpAddr| address.to_string().starts_with("10.");
        let peer: IpAddr = peer.parse().unwrap();
        source(&headers, peer, trusted(peer), &trusted).map(|address| address.to_string())
    }

    #[test]
    fn the_last_address_that_is_no_proxys_counts() {
        assert_eq!(from("10.0.0.1", &[]).unwrap(), "10.0.0.1");
        assert_eq!(from("10.0.0.1", &["192.0.2.1"]).unwrap(), "192.0.2.1");
        assert_eq!(from("10.0.0.1", &["203.0.113.9, 192.0.2.1, 10.0.0.2"]).unwrap(), "192.0.2.1");
        assert_eq!(
            from("10.0.0.1", &["203.0.113.9", "[2001:db8::1]:443, 10.0.0.2:80"]).unwrap(),
            "2001:db8::1"
        );
        assert_eq!(from("10.0.0.1", &["10.0.0.3, 10.0.0.2"]).unwrap(), "10.0.0.3");
        // Nobody's word but a proxy's.
        assert_eq!(from("192.0.2.7", &["203.0.113.9"]).unwrap(), "192.0.2.7");
        assert!(from("10.0.0.1", &["192.0.2.1, unknown"]).is_err());
    }

    #[test]
    fn two_that_differ_are_none() {
        let mut headers = HeaderMap::new();
        assert!(uri(&headers).is_err());
        headers.insert("x-original-uri", "/a".parse().unwrap());
        headers.insert("x-forwarded-uri", "/a".parse().unwrap());
        assert_eq!(uri(&headers), Ok("/a".to_owned()));
        headers.insert("x-forwarded-uri", "/b".parse().unwrap());
        assert!(uri(&headers).is_err());
    }
}
