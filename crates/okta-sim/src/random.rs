//! Seeded numbers, the same on every machine and for every version of every library: the generator's results are part
//! of what tests compare.

/// The finaliser of the SplitMix64 generator: a bijection on 64-bit numbers that scatters its input.
pub(crate) const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The inverse of [`mix`], by which a generated id leads back to the object's number without a table.
pub(crate) const fn unmix(mut z: u64) -> u64 {
    z = (z ^ (z >> 31) ^ (z >> 62)).wrapping_mul(0x3196_42b2_d24d_8ec3);
    z = (z ^ (z >> 27) ^ (z >> 54)).wrapping_mul(0x96de_1b17_3f11_9089);
    z ^ (z >> 30) ^ (z >> 60)
}

/// A number that depends on the seed, on what it is for (`stream`) and on which object it is for, and on nothing else.
pub(crate) const fn draw(seed: u64, stream: u64, n: u64) -> u64 {
    mix(mix(seed ^ stream.wrapping_mul(0x9e37_79b9_7f4a_7c15)) ^ n.wrapping_mul(0xd1b5_4a32_d192_ed03))
}

/// A sequence of seeded numbers.
pub(crate) struct Random(u64);

impl Random {
    /// The sequence for this seed and purpose.
    pub(crate) const fn new(seed: u64, stream: u64) -> Self {
        Self(draw(seed, stream, 0x5eed))
    }

    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number in `0..bound`; 0 when the bound is 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        // The high half of a 128-bit product is even enough here: bounds are far below 2^64.
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    /// A number in `(0, 1]`.
    pub(crate) fn unit(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 / (1u64 << 53) as f64
    }

    /// `count` different numbers below `bound`, ascending.
    pub(crate) fn sample(&mut self, count: u32, bound: u32) -> Vec<u32> {
        let count = count.min(bound);
        if u64::from(count) * 3 > u64::from(bound) {
            // Dense: go through all numbers and take each with the chance that is left.
            let mut chosen = Vec::with_capacity(count as usize);
            for n in 0..bound {
                let wanted = u64::from(count) - chosen.len() as u64;
                if self.below(u64::from(bound - n)) < wanted {
                    chosen.push(n);
                }
            }
            return chosen;
        }
        let mut chosen: Vec<u32> = Vec::with_capacity(count as usize + count as usize / 8);
        while chosen.len() < count as usize {
            for _ in chosen.len()..count as usize {
                chosen.push(self.below(u64::from(bound)) as u32);
            }
            chosen.sort_unstable();
            chosen.dedup();
        }
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mix_has_an_inverse() {
        for n in [0, 1, 2, 77, u64::MAX, 0x1234_5678_9abc_def0] {
            assert_eq!(unmix(mix(n)), n);
        }
    }

    #[test]
    fn samples_are_ascending_and_of_the_asked_size() {
        let mut random = Random::new(1, 2);
        for (count, bound) in [(0, 0), (0, 5), (5, 5), (4, 5), (10, 1000), (300, 1000), (2000, 1000)] {
            let sample = random.sample(count, bound);
            assert_eq!(sample.len(), count.min(bound) as usize);
            assert!(sample.windows(2).all(|pair| pair[0] < pair[1]));
            assert!(sample.iter().all(|&n| n < bound));
        }
    }
}
