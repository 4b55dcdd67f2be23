//! The words that generated objects are made of.

/// First names: as shown, and as used in logins.
#[rustfmt::skip]
pub(crate) const FIRST: [(&str, &str); 48] = [
    ("Ada", "ada"), ("Björn", "bjoern"), ("Chloé", "chloe"), ("Dmitri", "dmitri"), ("Elena", "elena"), ("Farid", "farid"),
    ("Grace", "grace"), ("Hiroshi", "hiroshi"), ("Ines", "ines"), ("Jonas", "jonas"), ("Katya", "katya"), ("Luis", "luis"),
    ("Mei", "mei"), ("Nadia", "nadia"), ("Omar", "omar"), ("Priya", "priya"), ("Quentin", "quentin"), ("Rosa", "rosa"),
    ("Søren", "soeren"), ("Tara", "tara"), ("Uma", "uma"), ("Viktor", "viktor"), ("Wen", "wen"), ("Ximena", "ximena"),
    ("Yusuf", "yusuf"), ("Zoë", "zoe"), ("Amara", "amara"), ("Boris", "boris"), ("Carla", "carla"), ("Deniz", "deniz"),
    ("Emil", "emil"), ("Fatima", "fatima"), ("Goran", "goran"), ("Hana", "hana"), ("Igor", "igor"), ("Jana", "jana"),
    ("Kofi", "kofi"), ("Lena", "lena"), ("Marco", "marco"), ("Nora", "nora"), ("Oskar", "oskar"), ("Petra", "petra"),
    ("Raj", "raj"), ("Sofia", "sofia"), ("Tomás", "tomas"), ("Ursula", "ursula"), ("Vera", "vera"), ("Will", "will"),
];

/// Last names: as shown, and as used in logins.
#[rustfmt::skip]
pub(crate) const LAST: [(&str, &str); 48] = [
    ("Almeida", "almeida"), ("Baker", "baker"), ("Çelik", "celik"), ("Dubois", "dubois"), ("Eriksson", "eriksson"),
    ("Fischer", "fischer"), ("García", "garcia"), ("Haddad", "haddad"), ("Ivanova", "ivanova"), ("Jansen", "jansen"),
    ("Kowalski", "kowalski"), ("Larsen", "larsen"), ("Müller", "mueller"), ("Nguyen", "nguyen"), ("O'Brien", "obrien"),
    ("Patel", "patel"), ("Quist", "quist"), ("Rossi", "rossi"), ("Schmidt", "schmidt"), ("Tanaka", "tanaka"),
    ("Ueda", "ueda"), ("Varga", "varga"), ("Weber", "weber"), ("Xu", "xu"), ("Yılmaz", "yilmaz"), ("Zhang", "zhang"),
    ("Andersson", "andersson"), ("Bianchi", "bianchi"), ("Costa", "costa"), ("Diallo", "diallo"), ("Evans", "evans"),
    ("Farkas", "farkas"), ("Gomez", "gomez"), ("Horvat", "horvat"), ("Ito", "ito"), ("Jensen", "jensen"),
    ("Kim", "kim"), ("Lopez", "lopez"), ("Mensah", "mensah"), ("Novák", "novak"), ("Okafor", "okafor"),
    ("Popescu", "popescu"), ("Reyes", "reyes"), ("Silva", "silva"), ("Takahashi", "takahashi"), ("Urban", "urban"),
    ("Vos", "vos"), ("Wang", "wang"),
];

/// Departments, also the first word of group names.
#[rustfmt::skip]
pub(crate) const DEPARTMENTS: [&str; 12] = [
    "Engineering", "Sales", "Finance", "People", "Legal", "Support", "Marketing", "Security", "Operations", "Research",
    "Design", "Facilities",
];

/// Cities with state, country and time zone.
pub(crate) const PLACES: [(&str, &str, &str, &str); 8] = [
    ("San Francisco", "California", "US", "America/Los_Angeles"),
    ("München", "Bayern", "DE", "Europe/Berlin"),
    ("São Paulo", "São Paulo", "BR", "America/Sao_Paulo"),
    ("東京", "東京都", "JP", "Asia/Tokyo"),
    ("London", "England", "GB", "Europe/London"),
    ("Bengaluru", "Karnataka", "IN", "Asia/Kolkata"),
    ("Kraków", "Małopolskie", "PL", "Europe/Warsaw"),
    ("Sydney", "New South Wales", "AU", "Australia/Sydney"),
];

/// Titles.
#[rustfmt::skip]
pub(crate) const TITLES: [&str; 8] =
    ["Engineer", "Senior Engineer", "Manager", "Director", "Analyst", "Specialist", "Associate", "Consultant"];

/// The domain of generated logins and addresses.
pub(crate) const MAIL_DOMAIN: &str = "acme.example";

/// The first words of app labels.
#[rustfmt::skip]
pub(crate) const PRODUCTS: [&str; 12] = [
    "Payroll", "Wiki", "Tickets", "Travel", "Storage", "Chat", "Survey", "Learning", "Billing", "Code", "Mail", "Map",
];
