//! The order in which a call tries routes: the lowest priority first, in shares among one priority.

use std::cell::Cell;

use bailey_domain::directory::RouteEntry;

/// The golden ratio of the range. Multiples of it fall so that any stretch of them, and any regular part of one, is
/// spread evenly: the shares hold after few calls, and for a model that gets every other call as well.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// Numbers the calls of one worker. Workers share nothing here; the shares of each hold, so those of all do.
#[derive(Debug)]
pub(crate) struct Turns(Cell<u64>);

impl Turns {
    pub(crate) fn from(start: u64) -> Self {
        Self(Cell::new(start))
    }

    /// The choice of the next call.
    pub(crate) fn next(&self) -> Choice {
        let point = self.0.get().wrapping_add(GOLDEN);
        self.0.set(point);
        Choice { point, tried: 0 }
    }
}

/// The choice of one call.
#[derive(Debug)]
pub(crate) struct Choice {
    /// Where in the range of all weights the next choice falls.
    point: u64,
    /// A bit for each route that was chosen.
    tried: u64,
}

impl Choice {
    /// The place of the next route, no route twice. `routes` are sorted by priority, as the directory has them, and no
    /// more than the catalogue takes.
    pub(crate) fn next(&mut self, routes: &[RouteEntry]) -> Option<usize> {
        let tried = self.tried;
        let mut left = (0..routes.len().min(64)).filter(|place| tried & 1 << place == 0);
        let first = left.next()?;
        let priority = routes[first].priority;
        let peers = || {
            std::iter::once(first).chain(left.clone().take_while(|place| routes[*place].priority == priority))
        };
        let total: u64 = peers().map(|place| u64::from(routes[place].weight)).sum();
        let mut mark = (u128::from(self.point) * u128::from(total)) >> 64;
        let chosen = peers().find(|place| {
            let weight = u128::from(routes[*place].weight);
            let is_here = mark < weight;
            mark = mark.saturating_sub(weight);
            is_here
        });
        let chosen = chosen.unwrap_or(first);
        self.tried |= 1 << chosen;
        self.point = scattered(self.point);
        Some(chosen)
    }
}

/// Another point, which tells nothing of the one before: whoever was to get a call that its first choice cannot serve
/// must not depend on where that choice fell. (The last step of SplitMix64.)
fn scattered(point: u64) -> u64 {
    let mut z = point.wrapping_add(GOLDEN);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bailey_domain::AccountId;
    use bailey_domain::clock::Fixed;
    use bailey_domain::directory::ProviderEntry;
    use bailey_domain::model::{Bounds, Dialect, Provider};
    use bailey_domain::name::{ModelName, ProviderName};
    use bailey_domain::upstream::{Health, Rest};

    use super::*;

    /// Routes of these priorities and weights.
    fn routes(of: &[(u32, u32)]) -> Vec<RouteEntry> {
        let provider = Arc::new(ProviderEntry {
            provider: Provider {
                name: ProviderName::parse("name", "up").unwrap(),
                dialect: Dialect::OpenAi,
                base_url: "http://up".to_owned(),
                allow_private: false,
                bounds: Bounds::default(),
            },
            sealed_credential: None,
            account: AccountId::random(&Fixed::seeded(1)),
            health: Arc::new(Health::default()),
        });
        let route = |&(priority, weight)| RouteEntry {
            provider: Arc::clone(&provider),
            upstream_model: ModelName::parse("model", "m").unwrap(),
            priority,
            weight,
            rest: Rest::default(),
        };
        of.iter().map(route).collect()
    }

    fn order(choice: &mut Choice, routes: &[RouteEntry]) -> Vec<usize> {
        std::iter::from_fn(|| choice.next(routes)).collect()
    }

    /// What part of `calls` each route gets, when calls whose first choice is `dead` go to the second.
    fn shares(routes: &[RouteEntry], calls: u32, dead: Option<usize>, every: usize) -> Vec<f64> {
        let turns = Turns::from(7);
        let mut counts = vec![0_u32; routes.len()];
        for _ in 0..calls {
            let mut choice = turns.next();
            for _ in 1..every {
                turns.next();
            }
            let first = choice.next(routes).unwrap();
            let served = if Some(first) == dead { choice.next(routes).unwrap() } else { first };
            counts[served] += 1;
        }
        counts.into_iter().map(|count| f64::from(count) / f64::from(calls)).collect()
    }

    fn near(found: &[f64], wanted: &[f64]) {
        let off = found.iter().zip(wanted).all(|(found, wanted)| (found - wanted).abs() < 0.02);
        assert!(off && found.len() == wanted.len(), "{found:?} instead of {wanted:?}");
    }

    #[test]
    fn shares_follow_the_weights() {
        let three = routes(&[(1, 5), (1, 3), (1, 2)]);
        for every in 1..6 {
            near(&shares(&three, 10_000, None, every), &[0.5, 0.3, 0.2]);
            near(&shares(&three, 10_000, Some(0), every), &[0.0, 0.6, 0.4]);
            near(&shares(&three, 10_000, Some(2), every), &[0.625, 0.375, 0.0]);
        }
        near(&shares(&routes(&[(1, 1_000_000), (1, 1)]), 10_000, None, 1), &[1.0, 0.0]);
        near(&shares(&three, 100, None, 1), &[0.5, 0.3, 0.2]);
    }

    #[test]
    fn priorities_come_in_their_order_and_nothing_twice() {
        let some = routes(&[(1, 1), (1, 1), (2, 5), (3, 1), (3, 9)]);
        let turns = Turns::from(1);
        for _ in 0..200 {
            let order = order(&mut turns.next(), &some);
            let mut sorted = order.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, [0, 1, 2, 3, 4]);
            assert!(order[..2].iter().all(|place| *place < 2) && order[2] == 2, "{order:?}");
        }
    }

    #[test]
    fn without_weight_a_route_is_taken_last_of_its_priority() {
        let some = routes(&[(1, 0), (1, 4), (1, 0), (2, 0), (2, 0)]);
        let turns = Turns::from(3);
        for _ in 0..200 {
            assert_eq!(order(&mut turns.next(), &some), [1, 0, 2, 3, 4]);
        }
        assert_eq!(turns.next().next(&[]), None);
    }

    #[test]
    fn more_routes_than_there_are_bits_end() {
        let many = routes(&vec![(1, 1); 70]);
        assert_eq!(order(&mut Turns::from(0).next(), &many).len(), 64);
    }
}
