//! The directory as store, control and gateway use it: filled by changes, asked through its public methods.

// `cfg(test)` lets the helpers beside the tests unwrap too (`allow-unwrap-in-tests` in clippy.toml looks for it).
#[cfg(test)]
mod budgets;
#[cfg(test)]
mod calls;
#[cfg(test)]
mod explained;

#[cfg(test)]
mod federation;

#[cfg(test)]
mod feed;
#[cfg(test)]
mod flights;
#[cfg(test)]
mod guards;
#[cfg(test)]
mod hand_out;
#[cfg(test)]
mod house;
#[cfg(test)]
mod lifting;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod logins;
#[cfg(test)]
mod misuse;
#[cfg(test)]
mod outsiders;
#[cfg(test)]
mod principal_tags;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod roles;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod scoped;
#[cfg(test)]
mod seats;
#[cfg(test)]
mod temporary_keys;
