//! Tests of the crate from outside: agreement with a second evaluator, and properties.

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod allocation;
#[cfg(test)]
mod generator;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod reference_condition;
