//! Tests of the crate from outside: agreement with a second evaluator, and properties.

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod allocation;
#[cfg(test)]
#[expect(unreachable_pub, reason = "the fuzz targets are another crate")]
#[path = "../../../../fuzz/src/entries.rs"]
mod entries;
#[cfg(test)]
mod fuzzed;
#[cfg(test)]
mod generator;
#[cfg(test)]
mod generator_extended;
#[cfg(test)]
mod layers;
#[cfg(test)]
mod lint;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod properties_layers;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod reference_condition;
#[cfg(test)]
mod reference_layers;
#[cfg(test)]
mod reference_template;
#[cfg(test)]
mod reference_trust;
