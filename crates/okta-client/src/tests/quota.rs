//! Quotas as Okta counts them, for fake servers: windows of a minute that begin with their first call, in seconds of the
//! server's time.

/// The active window of a quota, or the last one.
#[derive(Debug, Default)]
pub(super) struct Count {
    pub(super) limit: u64,
    pub(super) ends: f64,
    pub(super) used: u64,
    /// Calls of ours in it, refused ones too.
    pub(super) ours: u64,
    /// Calls of these whose responses were lost.
    pub(super) lost: u64,
}

impl Count {
    pub(super) fn new(limit: u64) -> Self {
        Self { limit, ..Self::default() }
    }

    /// Begins the next window if this one is over.
    pub(super) fn refresh(&mut self, now: f64) {
        if now >= self.ends {
            *self = Self { ends: now + 60.0, ..Self::new(self.limit) };
        }
    }

    pub(super) fn left(&self) -> u64 {
        self.limit - self.used
    }

    /// Counts a call of ours, and returns whether it is allowed.
    pub(super) fn call(&mut self, now: f64) -> bool {
        let allowed = self.other(now);
        self.ours += 1;
        allowed
    }

    /// Counts a call of another client, and returns whether it is allowed.
    pub(super) fn other(&mut self, now: f64) -> bool {
        self.refresh(now);
        let allowed = self.left() > 0;
        self.used += u64::from(allowed);
        allowed
    }
}

/// The quota of our token within that of the org, which other clients use too. Their windows do not begin together.
#[derive(Debug)]
pub(super) struct Nested {
    pub(super) token: Count,
    pub(super) org: Count,
}

impl Nested {
    pub(super) fn new(token: u64, org: u64) -> Self {
        Self { token: Count::new(token), org: Count::new(org) }
    }

    /// Counts a call of ours, and returns whether it is allowed: it has to fit into both.
    pub(super) fn call(&mut self, now: f64) -> bool {
        self.token.refresh(now);
        self.org.refresh(now);
        let allowed = self.token.left().min(self.org.left()) > 0;
        for count in [&mut self.token, &mut self.org] {
            count.ours += 1;
            count.used += u64::from(allowed);
        }
        allowed
    }

    /// Returns the scarcest window, which a response reports.
    pub(super) fn scarcest(&self) -> &Count {
        if self.org.left() < self.token.left() { &self.org } else { &self.token }
    }
}
