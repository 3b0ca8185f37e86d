//! Names of people, streets, houses and sentences: French, plausible, of nobody.
//!
//! Names are drawn from common ones; a name and a given name together may be somebody's.

use super::random::Random;

/// A person's name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Person {
    pub(super) family: &'static str,
    pub(super) given: &'static str,
    pub(super) is_woman: bool,
}

/// A person.
pub(super) fn person(random: &mut Random) -> Person {
    let is_woman = random.percent(58);
    let given = random.word(if is_woman { WOMEN } else { MEN });
    Person { family: random.early_word(FAMILIES), given, is_woman }
}

/// A street address.
#[derive(Debug, Clone, Copy)]
pub(super) struct Street {
    pub(super) number: u32,
    pub(super) suffix: &'static str,
    pub(super) kind: &'static str,
    pub(super) name: &'static str,
}

/// A street and a number in it.
pub(super) fn street(random: &mut Random) -> Street {
    let number = random.between(1, 40) * random.between(1, 4);
    let suffix = if random.percent(4) { "BIS" } else { "" };
    Street { number, suffix, kind: random.early_word(STREET_KINDS), name: random.word(STREETS) }
}

/// Replaces the placeholders of a pattern: `{town}`, `{region}`, `{saint}`, `{nature}`, `{person}`.
pub(super) fn fill(pattern: &str, town: &str, region: &str, random: &mut Random) -> String {
    let Some((before, rest)) = pattern.split_once('{') else { return pattern.to_owned() };
    let (placeholder, after) = rest.split_once('}').expect("patterns are written in pairs");
    let mut text = before.to_owned();
    match placeholder {
        "town" => text.push_str(town),
        "region" => text.push_str(region),
        "saint" => text.push_str(random.word(SAINTS)),
        "nature" => text.push_str(random.word(NATURE)),
        _ => {
            let person = person(random);
            text.push_str(person.given);
            text.push(' ');
            text.push_str(person.family);
        }
    }
    text.push_str(&fill(after, town, region, random));
    text
}

/// A comment of one to three sentences.
pub(super) fn comment(random: &mut Random) -> String {
    let mut text = random.word(COMMENTS).to_owned();
    for _ in 0..random.below(3) {
        text.push(' ');
        text.push_str(random.word(COMMENTS));
    }
    text
}

/// A comment on a number of beds.
pub(super) fn bed_comment(random: &mut Random) -> &'static str {
    random.word(BED_COMMENTS)
}

/// How to reach a place.
pub(super) fn directions(random: &mut Random) -> &'static str {
    random.word(DIRECTIONS)
}

/// What a telecom is for.
pub(super) fn usage(random: &mut Random) -> &'static str {
    random.word(USAGES)
}

/// What is wrong with a record.
pub(super) fn anomaly(random: &mut Random) -> &'static str {
    random.word(ANOMALIES)
}

/// A text without accents or spaces, for mail addresses and web sites.
pub(super) fn slug(text: &str) -> String {
    let folded = shared::text::fold(text);
    let mut slug = String::with_capacity(folded.len());
    for c in folded.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').to_owned()
}

const WOMEN: &[&str] = &[
    "Marie",
    "Nathalie",
    "Isabelle",
    "Sylvie",
    "Catherine",
    "Françoise",
    "Valérie",
    "Christine",
    "Sandrine",
    "Stéphanie",
    "Céline",
    "Sophie",
    "Aurélie",
    "Julie",
    "Émilie",
    "Laura",
    "Camille",
    "Pauline",
    "Mathilde",
    "Léa",
    "Manon",
    "Chloé",
    "Inès",
    "Sarah",
    "Fatima",
    "Nadia",
    "Aïcha",
    "Hélène",
    "Brigitte",
    "Véronique",
    "Florence",
    "Karine",
    "Élodie",
    "Mélanie",
    "Anaïs",
    "Clémence",
    "Marion",
    "Amandine",
    "Lucie",
    "Charlotte",
    "Agnès",
    "Béatrice",
    "Gaëlle",
    "Maëlle",
    "Noémie",
    "Solène",
    "Yasmina",
    "Oriane",
    "Ophélie",
    "Joséphine",
];

const MEN: &[&str] = &[
    "Jean",
    "Philippe",
    "Michel",
    "Alain",
    "Patrick",
    "Nicolas",
    "Christophe",
    "Pierre",
    "Christian",
    "Éric",
    "Frédéric",
    "Laurent",
    "Stéphane",
    "David",
    "Olivier",
    "Julien",
    "Thomas",
    "Alexandre",
    "Maxime",
    "Antoine",
    "Hugo",
    "Lucas",
    "Théo",
    "Mathieu",
    "Benoît",
    "François",
    "Guillaume",
    "Jérôme",
    "Sébastien",
    "Mohamed",
    "Karim",
    "Mehdi",
    "Yann",
    "Loïc",
    "Gaël",
    "Rémi",
    "Cédric",
    "Fabrice",
    "Bruno",
    "Didier",
    "Gérard",
    "Xavier",
    "Étienne",
    "Jean-Marc",
    "Jean-Baptiste",
    "Noël",
    "Raphaël",
    "Tristan",
    "Ibrahim",
    "Joël",
];

const FAMILIES: &[&str] = &[
    "MARTIN",
    "BERNARD",
    "THOMAS",
    "PETIT",
    "ROBERT",
    "RICHARD",
    "DURAND",
    "DUBOIS",
    "MOREAU",
    "LAURENT",
    "SIMON",
    "MICHEL",
    "LEFÈVRE",
    "LEROY",
    "ROUX",
    "DAVID",
    "BERTRAND",
    "MOREL",
    "FOURNIER",
    "GIRARD",
    "BONNET",
    "DUPONT",
    "LAMBERT",
    "FONTAINE",
    "ROUSSEAU",
    "VINCENT",
    "MULLER",
    "FAURE",
    "ANDRÉ",
    "MERCIER",
    "BLANC",
    "GUÉRIN",
    "BOYER",
    "GARNIER",
    "CHEVALIER",
    "FRANÇOIS",
    "LEGRAND",
    "GAUTHIER",
    "GARCIA",
    "PERRIN",
    "ROBIN",
    "CLÉMENT",
    "MORIN",
    "NICOLAS",
    "HENRY",
    "ROUSSEL",
    "MATHIEU",
    "GAUTIER",
    "MASSON",
    "MARCHAND",
    "DUVAL",
    "DENIS",
    "DUMONT",
    "MARIE",
    "LEMAIRE",
    "NOËL",
    "MEYER",
    "DUFOUR",
    "MEUNIER",
    "BRUN",
    "BLANCHARD",
    "GIRAUD",
    "JOLY",
    "RIVIÈRE",
    "LUCAS",
    "BRUNET",
    "GAILLARD",
    "BARBIER",
    "ARNAUD",
    "MARTINEZ",
    "GÉRARD",
    "ROCHE",
    "RENARD",
    "SCHMITT",
    "ROY",
    "LEROUX",
    "COLIN",
    "VIDAL",
    "CARON",
    "PICARD",
    "ROGER",
    "FABRE",
    "AUBERT",
    "LEMOINE",
    "RENAUD",
    "DUMAS",
    "LACROIX",
    "OLIVIER",
    "PHILIPPE",
    "BOURGEOIS",
    "PIERRE",
    "BENOÎT",
    "REY",
    "LECLERC",
    "PAYET",
    "ROLLAND",
    "LECLERCQ",
    "GUILLAUME",
    "LECOMTE",
    "LOPEZ",
    "JEAN",
    "DUPUY",
    "GUILLOT",
    "HUBERT",
    "BERGER",
    "CARPENTIER",
    "SANCHEZ",
    "DUPUIS",
    "MOULIN",
    "LOUIS",
    "DESCHAMPS",
    "HUET",
    "VASSEUR",
    "PEREZ",
    "BOUCHER",
    "FLEURY",
    "ROYER",
    "KLEIN",
    "JACQUET",
    "ADAM",
    "PARIS",
    "POIRIER",
    "MARTY",
    "AUBRY",
    "GUYOT",
    "CARRÉ",
    "CHARLES",
    "RENAULT",
    "CHARPENTIER",
    "MÉNARD",
    "MAILLARD",
    "BARON",
    "BERTIN",
    "BAILLY",
    "HERVÉ",
    "SCHNEIDER",
    "FERNANDEZ",
    "LE GALL",
    "COLLET",
    "LÉGER",
    "BOUVIER",
    "JULIEN",
    "PRÉVOST",
    "MILLET",
    "PERROT",
    "DANIEL",
    "LE ROUX",
    "COUSIN",
    "GERMAIN",
    "BRETON",
    "BESSON",
    "LANGLOIS",
    "RÉMY",
    "LE GOFF",
    "PELLETIER",
    "LÉVÊQUE",
    "PERRIER",
    "LEBLANC",
    "BARRÉ",
    "LEBRUN",
    "MARCHAL",
    "WEBER",
    "MALLET",
    "HAMON",
    "BOULANGER",
    "JACOB",
    "MONNIER",
    "MICHAUD",
    "RODRIGUEZ",
    "GUICHARD",
    "GILLET",
    "ÉTIENNE",
    "GRONDIN",
    "POULAIN",
    "TESSIER",
    "CHEVALLIER",
    "COLLIN",
    "CHAUVIN",
    "DA SILVA",
    "BOUCHET",
    "GAY",
    "LEMAÎTRE",
    "BÉNARD",
    "MARÉCHAL",
    "HUMBERT",
    "REYNAUD",
    "ANTOINE",
    "HOARAU",
    "PERRET",
    "BARTHÉLEMY",
    "CORDIER",
    "PICHON",
    "LEJEUNE",
    "GILBERT",
    "LAMY",
    "DELAUNAY",
    "PASQUIER",
    "CARLIER",
    "LAPORTE",
    "BENALI",
    "DIALLO",
    "TRAORÉ",
    "N'GUYEN",
    "BELKACEM",
    "HADDAD",
];

const SAINTS: &[&str] = &[
    "Saint-Joseph",
    "Sainte-Marie",
    "Saint-Jean",
    "Saint-Luc",
    "Sainte-Anne",
    "Saint-Vincent",
    "Saint-Martin",
    "Sainte-Thérèse",
    "Saint-Michel",
    "Saint-François",
    "Notre-Dame",
    "Saint-Camille",
    "Sainte-Élisabeth",
    "Saint-Roch",
    "Saint-Antoine",
    "Sainte-Geneviève",
    "Saint-Louis",
    "Saint-Augustin",
    "Sainte-Catherine",
    "Saint-Yves",
    "Saint-Côme",
    "Sainte-Cécile",
];

const NATURE: &[&str] = &[
    "Les Tilleuls",
    "Les Glycines",
    "Le Parc",
    "Les Jardins",
    "Bel Air",
    "Les Chênes",
    "L'Orée du Bois",
    "Les Magnolias",
    "La Roseraie",
    "Les Acacias",
    "Les Mimosas",
    "Le Clos Fleuri",
    "Les Cèdres",
    "La Châtaigneraie",
    "Les Bruyères",
    "Beau Soleil",
    "Beauséjour",
    "Les Lilas",
    "Le Val Fleuri",
    "La Source",
    "Les Érables",
    "Les Oliviers",
    "La Pinède",
    "Les Marronniers",
    "Le Verger",
    "Les Iris",
    "L'Aubier",
    "Les Camélias",
    "La Colline",
    "Les Peupliers",
    "Le Belvédère",
    "Les Hortensias",
    "Les Vignes",
    "La Fontaine",
    "Les Ormeaux",
    "Les Charmilles",
    "L'Hermitage",
    "Le Moulin",
    "L'Éolienne",
    "Les Cœurs Vaillants",
    "La Vallée",
    "Les Hirondelles",
    "L'Arc-en-Ciel",
    "Les Embruns",
    "Les Alizés",
    "Belle Rive",
    "Les Coquelicots",
    "Grand Large",
    "Les Sources",
    "La Passerelle",
];

const STREET_KINDS: &[&str] =
    &["RUE", "RUE", "RUE", "AV", "BD", "PL", "CHE", "RTE", "ALL", "IMP", "QUAI", "CRS", "SQ"];

const STREETS: &[&str] = &[
    "DE L'HÔPITAL",
    "DE LA RÉPUBLIQUE",
    "VICTOR HUGO",
    "DU GÉNÉRAL DE GAULLE",
    "JEAN JAURÈS",
    "PASTEUR",
    "DE LA GARE",
    "DES ÉCOLES",
    "DU 8 MAI 1945",
    "DU 11 NOVEMBRE",
    "DE LA MAIRIE",
    "DE L'ÉGLISE",
    "DES LILAS",
    "GAMBETTA",
    "ÉMILE ZOLA",
    "DE VERDUN",
    "DE LA LIBERTÉ",
    "DES TILLEULS",
    "JULES FERRY",
    "MARIE CURIE",
    "DU STADE",
    "DES ACACIAS",
    "DE PARIS",
    "DU MOULIN",
    "DE LA FONTAINE",
    "DU MARÉCHAL FOCH",
    "DE LA POSTE",
    "DES ROSIERS",
    "SAINT-MARTIN",
    "NATIONALE",
    "DU CHÂTEAU",
    "DE LA PAIX",
    "ANATOLE FRANCE",
    "DES JARDINS",
    "DU PARC",
    "LOUIS PASTEUR",
    "ARISTIDE BRIAND",
    "DU COMMERCE",
    "DE BRETAGNE",
    "DES CHAMPS",
    "VOLTAIRE",
    "DE LA RÉSISTANCE",
    "CLAUDE BERNARD",
    "SIMONE VEIL",
    "DE STRASBOURG",
    "DES ALPES",
    "DE LA MER",
    "DU PORT",
    "AMBROISE PARÉ",
    "DES HALLES",
];

const COMMENTS: &[&str] = &[
    "Accueil sur rendez-vous uniquement.",
    "Prise en charge possible le jour même après appel du secrétariat.",
    "Le service est accessible aux personnes à mobilité réduite.",
    "Délai moyen d'admission : deux semaines.",
    "Transmettre la demande d'admission par messagerie sécurisée.",
    "Les familles sont reçues l'après-midi, de 14 h à 18 h.",
    "Équipe pluridisciplinaire avec psychologue et assistante sociale.",
    "Parking visiteurs devant l'entrée principale.",
    "Une liste d'attente est tenue à jour chaque mois.",
    "Fermeture annuelle de trois semaines en août.",
    "Les patients sous oxygène sont acceptés.",
    "Pas d'accueil des urgences la nuit.",
    "Consultation avancée un jeudi sur deux.",
    "Travaux en cours jusqu'à la fin de l'année, capacité réduite.",
    "Médecin coordonnateur présent trois jours par semaine.",
    "Jardin thérapeutique et salle de kinésithérapie sur place.",
    "Possibilité d'hébergement d'un accompagnant.",
    "Interprète en langue des signes sur demande.",
    "Prise en charge de la douleur chronique et de la fin de vie.",
    "Unité sécurisée pour les personnes désorientées.",
    "Convention avec le centre hospitalier voisin pour l'imagerie et la biologie.",
    "Œuvre reconnue d'utilité publique ; bénévoles bienvenus.",
    "Télémédecine disponible avec le CHU.",
    "Réévaluation du dossier tous les trois mois.",
];

const BED_COMMENTS: &[&str] = &[
    "Lits fermés pendant les congés d'été",
    "Chambres à deux lits, isolement possible",
    "Deux lits réservés aux entrées des urgences",
    "Capacité revue chaque matin à 8 h",
    "Travaux au deuxième étage",
    "Manque de personnel soignant",
];

const DIRECTIONS: &[&str] = &[
    "Bâtiment A, 2e étage, à droite en sortant de l'ascenseur",
    "Entrée par la cour, suivre le fléchage bleu",
    "Arrêt de tramway Hôpital, sortie nord",
    "Accès par le parking souterrain, niveau -1",
    "Pavillon du fond, derrière la chapelle",
    "Sonner à l'interphone, rez-de-chaussée gauche",
    "Ambulances : accès par la rue arrière",
];

const USAGES: &[&str] = &[
    "Ligne directe du service",
    "Numéro réservé aux professionnels",
    "Secrétariat, de 9 h à 17 h",
    "Admissions",
    "Prise de rendez-vous en ligne",
    "Astreinte de nuit",
];

const ANOMALIES: &[&str] = &[
    "Le numéro de téléphone n'est plus attribué",
    "La catégorie de l'établissement n'est pas la bonne",
    "L'adresse ne correspond pas au lieu de l'offre",
    "Les horaires du samedi manquent",
    "Le nombre de lits disponibles dépasse le nombre de lits installés",
    "Cette offre existe en double",
    "Le professionnel a quitté le service",
    "Les coordonnées géographiques tombent dans une autre commune",
    "Le tarif affiché est celui de l'année dernière",
    "L'activité n'est plus exercée depuis plusieurs mois",
];

#[cfg(test)]
mod tests {
    use super::super::random::{Random, Stream};
    use super::{fill, slug};

    #[test]
    fn patterns() {
        let mut random = Random::new(1, Stream::Site, 0);
        assert_eq!(
            fill("CH de {town} ({region})", "Brest", "Bretagne", &mut random),
            "CH de Brest (Bretagne)"
        );
        assert!(!fill("EHPAD {nature} {person}", "", "", &mut random).contains(['{', '}']));
    }

    #[test]
    fn slugs() {
        assert_eq!(slug("L'Orée du Bois"), "l-oree-du-bois");
        assert_eq!(slug("Cœurs (2)"), "coeurs-2");
    }
}
