//! The short closed lists as constants, so that a status or unit is never a bare string.
//!
//! Long lists (activities, equipment, categories, …) are data of `shared::terminology`. Source: the NOS
//! value sets of the ROR guide 0.7.0, labels in French.

use super::datatype::Code;

macro_rules! codes {
    ($($(#[$doc:meta])* $module:ident { $($name:ident = $code:literal $label:literal,)* })*) => {
        $(
            $(#[$doc])*
            pub mod $module {
                use super::Code;
                $(
                    #[doc = concat!("`", $code, "` ", $label, ".")]
                    pub const $name: Code<'static> = Code::new($code, $label);
                )*
                /// All of them.
                pub const ALL: &[Code<'static>] = &[$($name),*];
            }
        )*
    };
}

codes! {
    /// R329: kinds of capacity.
    capacity_kind {
        BED = "01" "Lit",
        PLACE = "02" "Place",
        DWELLING = "03" "Logement",
    }
    /// R330: capacity status.
    capacity_status {
        INSTALLED = "01" "Installé",
        AVAILABLE = "02" "Disponible",
        OCCUPIED = "03" "Occupé",
        RESERVED = "04" "Réservé",
        CLOSED = "05" "Fermé",
        ADDITIONAL = "06" "Supplémentaire",
    }
    /// R331: capacity temporality.
    temporality {
        CURRENT = "01" "Courant",
        IN_1_HOUR = "02" "Prévisionnel 1 heure",
        IN_24_HOURS = "03" "Prévisionnel 24 heures",
        IN_48_HOURS = "04" "Prévisionnel 48 heures",
        IN_7_DAYS = "05" "Prévisionnel 7 jours",
    }
    /// R332: gender of available capacity. `03` is retired but still sent.
    gender {
        WOMEN = "01" "Femme",
        MEN = "02" "Homme",
        UNDETERMINED = "04" "Indéterminé",
    }
    /// R333: kinds of capacity closing.
    capacity_closing {
        REACTIVABLE = "01" "Réactivable",
        NOT_REACTIVABLE = "02" "Non réactivable",
        UNDETERMINED = "03" "Indéterminé",
    }
    /// R334: kinds of additional bed.
    additional_bed {
        MOBILIZED = "01" "Mobilisé",
        WITHOUT_STAFF = "02" "Mobilisable sans ressources humaines",
        WITH_STAFF = "03" "Mobilisable avec ressources humaines",
    }
    /// R335: sources of a capacity.
    capacity_source {
        MANUAL = "01" "Saisie manuelle",
        BED_MANAGEMENT = "02" "Bed management",
        ADMINISTRATION = "03" "Gestion administrative du malade (GAM)",
        PATIENT_RECORD = "04" "Dossier patient informatisé (DPI)",
    }
    /// R336: crises.
    crisis {
        PMIE_1 = "01" "PMIE 1",
        EXCEPTIONAL = "02" "Situation sanitaire Exceptionnelle (SSE) (Plan blanc)",
    }
    /// R337: temporary assignments.
    assignment {
        NONE = "01" "Aucune",
        COVID_POSITIVE = "02" "Covid+",
        COVID_NEGATIVE = "03" "Covid-",
    }
    /// R203: operational status of a place.
    place_status {
        CLOSED = "1" "Fermé définitivement",
        SUSPENDED = "2" "Fermé temporairement",
        OPERATIONAL = "3" "Opérationnel",
    }
    /// R340: limited features of equipment.
    equipment_feature {
        MAXIMUM_WEIGHT = "001" "Poids maximum",
        MAXIMUM_DIAMETER = "002" "Diamètre maximum",
    }
    /// R242: kinds of dwelling.
    dwelling {
        DOUBLE_ROOM = "01" "Chambre double",
        SINGLE_ROOM = "02" "Chambre simple",
        F1 = "03" "F1",
        F2 = "04" "F2",
        F1_BIS = "05" "F1bis",
        F3 = "06" "F3",
        F4 = "07" "F4",
    }
    /// R201: kinds of territorial division.
    division {
        REGION = "1" "Région",
        DEPARTMENT = "2" "Département",
        COMMUNE = "3" "Commune",
        HEALTH_TERRITORY = "4" "Territoire de Santé",
        COUNTRY = "5" "Pays",
        DEFENSE_ZONE = "6" "Zone de Défense",
    }
    /// R246: kinds of price.
    ///
    /// Parts that go with each: 01 dwelling; 02 dwelling, stay, condition, `under_60`, included services;
    /// 03 dependency, stay; 04 service; 05 condition; 06 `human_help`, management, condition;
    /// 07 `meal_delivery`, condition.
    price_type {
        SMR_SUPPLEMENT = "01" "Supplément tarif Hébergement SMR",
        ACCOMMODATION = "02" "Forfait socle hébergement",
        DEPENDENCY = "03" "Dépendance",
        EXTRA_SERVICE = "04" "Prestation supplémentaire tarifée",
        DAY_CARE = "05" "Accueil de jour",
        HUMAN_HELP = "06" "Aide humaine à domicile",
        MEAL_DELIVERY = "07" "Portage de repas à domicile",
    }
    /// R250: price conditions.
    price_condition {
        PUBLIC = "01" "Tarif public",
        SOCIAL_HELP = "02" "Tarif agréé Aide Sociale",
        ASH = "03" "Tarif agréé ASH",
    }
    /// R237: dependency groups.
    dependency {
        GIR_1_2 = "01" "GIR 1-2",
        GIR_3_4 = "02" "GIR 3-4",
        GIR_5_6 = "03" "GIR 5-6",
    }
    /// R240: temporary or permanent reception.
    reception {
        TEMPORARY = "01" "Temporaire",
        PERMANENT = "02" "Permanent",
    }
    /// R228: units of price.
    price_unit {
        HOUR = "1" "Tarif horaire",
        DAY = "2" "Tarif journalier",
        MONTH = "3" "Tarif mensuel",
        UNIT = "4" "Tarif unitaire",
    }
    /// R236: management of home help.
    management {
        PROVIDER = "01" "Prestataire",
        AGENT = "02" "Mandataire",
    }
    /// R241: public financial help.
    financial_help {
        HOUSING = "01" "Conventionné aides au logement",
        SOCIAL_HELP = "02" "Habilité Aide Sociale",
    }
    /// R227: fields of activity.
    field {
        MCO = "01" "Médecine Chirurgie Obstétrique (MCO)",
        SMR = "02" "Soins Médicaux et de réadaptation (SMR)",
        PSY = "03" "Psychiatrie (PSY)",
        MS = "04" "Médico-social (MS)",
        TOWN = "05" "Ville",
        SOCIAL = "06" "Social",
    }
    /// R238: days open in a year.
    annual_opening {
        WEEKDAYS_UP_TO_210 = "01" "Semaine hors week-end jusqu'à 210 jours par an",
        WEEK_211_TO_364 = "02" "Semaine et week-end (de 211 à 364 jours par an)",
        WHOLE_YEAR = "03" "Année complète (365 jours par an)",
        WEEKDAYS_FROM_210 = "04" "Semaine hors week-end à partir de 210 jours",
        WEEKENDS_AND_HOLIDAYS = "05" "Week-end et vacances scolaires uniquement",
    }
    /// R200: communication channels.
    channel {
        MOBILE = "1" "Téléphone mobile",
        LANDLINE = "2" "Téléphone fixe",
        EMAIL = "3" "Courrier électronique",
        WEB = "4" "Adresse web",
        FILE_TRANSFER = "5" "Transfert de fichiers",
        FAX = "6" "Télécopie",
        ANTARES = "7" "Réseau radio numérique ANTARES",
        ALERT_PHONE = "8" "Téléphone d'alerte",
        ALERT_EMAIL = "9" "Mail d'alerte",
    }
    /// R283: confidentiality levels.
    confidentiality {
        PUBLIC = "1" "Visible du grand public",
        PROFESSIONALS = "2" "Visible par les professionnels",
        CRISIS = "3" "Visible régulation et gestion de crise",
    }
    /// R23: modes of exercise.
    exercise_mode {
        SALARIED = "S" "Salarié",
        SELF_EMPLOYED = "L" "Libéral, indépendant, artisan, commerçant",
        VOLUNTEER = "B" "Bénévole",
    }
    /// R207: kinds of internal organization.
    internal_organization {
        POLE = "1" "Pôle",
        SERVICE = "2" "Structure interne ou Service",
        FUNCTIONAL_UNIT = "3" "Unité fonctionnelle",
        ELEMENTARY_UNIT = "4" "Unité élémentaire",
    }
    /// R286: kinds of closing.
    closing {
        FINAL = "DEF" "Définitive",
        PROVISIONAL = "PRO" "Provisoire",
        PLANNED = "PRE" "Prévisionnelle",
    }
}
