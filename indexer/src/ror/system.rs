//! The URLs of code systems and identifier systems, each written once.
//!
//! Source: ROR guide 0.7.0 and the NOS nomenclatures (`https://mos.esante.gouv.fr/NOS/`). No codes
//! here: the short closed lists are in [`super::code`], the long ones belong to `shared::terminology`.

/// The canonical URL of a NOS code system: the folder part has an underscore, the last part a hyphen.
macro_rules! nos {
    ($name:literal) => {
        concat!("https://mos.esante.gouv.fr/NOS/TRE_", $name, "/FHIR/TRE-", $name)
    };
}

/// The URL of a code system owned by the ROR guide.
macro_rules! guide {
    ($name:literal) => {
        concat!("https://interop.esante.gouv.fr/ig/fhir/ror/CodeSystem/", $name)
    };
}

/// R30: regions; also the tag of a record's source region.
pub const REGION: &str = nos!("R30-RegionOM");
/// R13: communes (INSEE codes).
pub const COMMUNE: &str = nos!("R13-CommuneOM");
/// R201: kinds of territorial division.
pub const TERRITORIAL_DIVISION_TYPE: &str = nos!("R201-TypeDivisionTerritoriale");

/// R211: operational activities.
pub const ACTIVITY: &str = nos!("R211-ActiviteOperationnelle");
/// R265: SERAFIN-PH services (families of operational activities).
pub const ACTIVITY_FAMILY: &str = nos!("R265-PrestationPilotageSerafin");
/// R227: fields of activity (MCO, SMR, PSY, MS, town, social).
pub const FIELD: &str = nos!("R227-ChampActivite");
/// R244: categories of organization, the kind of an offer.
pub const OFFER_CATEGORY: &str = nos!("R244-CategorieOrganisation");
/// R213: modes of care.
pub const CARE_MODE: &str = nos!("R213-ModePriseEnCharge");
/// R240: temporary or permanent reception; also the welcome type of a price.
pub const RECEPTION_TYPE: &str = nos!("R240-TemporaliteAccueil");
/// R338: conditions of reception.
pub const RECEPTION_MODALITY: &str = nos!("R338-ModaliteAccueil");
/// R236: management of home help; also in prices.
pub const MANAGEMENT_TYPE: &str = nos!("R236-ModeGestion");
/// R210: acts.
pub const ACT: &str = nos!("R210-ActeSpecifique");
/// R245: disorders and conditions cared for.
pub const CARE_SPECIALITY: &str = nos!("R245-SpecialisationDePriseEnCharge");
/// R238: days open in a year.
pub const ANNUAL_OPENING: &str = nos!("R238-OuvertureAnnuelle");
/// R356: notable professions.
pub const RESOURCE_PROFESSION: &str = nos!("R356-ProfessionRessource");
/// R243: languages and other skills.
pub const SPECIFIC_COMPETENCE: &str = nos!("R243-CompetenceSpecifique");
/// R253: types of maternity.
pub const MATERNITY_TYPE: &str = nos!("R253-TypeMaternite");
/// R286: kinds of closing.
pub const CLOSING_TYPE: &str = nos!("R286-TypeFermeture");
/// R252: kinds of opening slot.
pub const OPENING_TYPE: &str = nos!("R252-TypeHoraire");
/// R239: publics.
pub const PUBLIC: &str = nos!("R239-PublicPrisEnCharge");
/// R247: UCUM units, for ages.
pub const AGE_UNIT: &str = nos!("R247-UcumUniteMesure");

/// R343: uses of a place.
pub const PLACE_FUNCTION: &str = nos!("R343-FonctionLieu");
/// R203: operational status of a place.
pub const PLACE_STATUS: &str = nos!("R203-StatutLieu");
/// R212: equipment.
pub const EQUIPMENT: &str = nos!("R212-Equipement");
/// R340: limited features of equipment.
pub const EQUIPMENT_FEATURE: &str = nos!("R340-TypeCaracteristiqueEquipement");
/// R242: kinds of dwelling.
pub const DWELLING: &str = nos!("R242-TypeHabitation");
/// R329: kinds of capacity.
pub const CAPACITY_KIND: &str = nos!("R329-NatureCapacite");
/// R330: capacity status.
pub const CAPACITY_STATUS: &str = nos!("R330-TypeStatutCapacite");
/// R331: capacity temporality.
pub const CAPACITY_TEMPORALITY: &str = nos!("R331-TemporaliteCapacite");
/// R332: gender of available capacity.
pub const CAPACITY_GENDER: &str = nos!("R332-GenreCapacite");
/// R333: kinds of capacity closing.
pub const CAPACITY_CLOSING: &str = nos!("R333-TypeFermetureCapacite");
/// R334: kinds of additional bed.
pub const ADDITIONAL_BED: &str = nos!("R334-TypeLitSupplementaire");
/// R335: sources of a capacity.
pub const CAPACITY_SOURCE: &str = nos!("R335-TypeSourceCapacite");
/// R336: crises.
pub const CRISIS: &str = nos!("R336-TypeCrise");
/// R337: temporary assignments.
pub const TEMPORARY_ASSIGNMENT: &str = nos!("R337-AffectationTemporaire");

/// R66: FINESS categories of establishment.
pub const ESTABLISHMENT_CATEGORY: &str = nos!("R66-CategorieEtablissement");
/// R02: sectors of activity, for practices outside FINESS.
pub const ACTIVITY_SECTOR: &str = nos!("R02-SecteurActivite");
/// R72: legal status of a legal entity.
pub const LEGAL_STATUS: &str = nos!("R72-FinessStatutJuridique");
/// R69: grouped legal status.
pub const LEGAL_STATUS_GROUP: &str = nos!("R69-FinessAgregatStatutJuridiqueNiv2");
/// R207: kinds of internal organization.
pub const INTERNAL_ORGANIZATION_TYPE: &str = nos!("R207-TypeOrganisationInterne");
/// R241: public financial help.
pub const FINANCIAL_HELP: &str = nos!("R241-AideFinanciere");
/// R246: kinds of price.
pub const PRICE_TYPE: &str = nos!("R246-TypeTarif");
/// R228: units of price.
pub const PRICE_UNIT: &str = nos!("R228-UnitePrix");
/// R250: price conditions.
pub const PRICE_CONDITION: &str = nos!("R250-ConditionTarifaire");
/// R237: dependency groups.
pub const DEPENDENCY_LEVEL: &str = nos!("R237-GroupeTarifaireDependance");
/// R264: services beyond the basic ones.
pub const EXTRA_SERVICE: &str = nos!("R264-PrestationNonObligatoireIncluse");

/// R200: communication channels.
pub const CHANNEL: &str = nos!("R200-CanalCommunication");
/// R283: confidentiality levels.
pub const CONFIDENTIALITY: &str = nos!("R283-NiveauConfidentialite");
/// R287: natures of contact.
pub const CONTACT_PURPOSE: &str = nos!("R287-NatureContact");
/// R251: functions of contact.
pub const CONTACT_FUNCTION: &str = nos!("R251-FonctionContact");

/// G15: health professions.
pub const PROFESSION: &str = nos!("G15-ProfessionSante");
/// R04: kinds of know-how.
pub const KNOW_HOW_TYPE: &str = nos!("R04-TypeSavoirFaire");
/// R38: specialties of the medical order.
pub const MEDICAL_SPECIALTY: &str = nos!("R38-SpecialiteOrdinale");
/// R23: modes of exercise.
pub const EXERCISE_MODE: &str = nos!("R23-ModeExercice");
/// R282: agreement with health insurance.
pub const CONTRACTED: &str = nos!("R282-CNAMAmeliSecteurConventionnement");

/// R350: themes of anomalies.
pub const ANOMALY_THEME: &str = nos!("R350-ThematiqueAnomalie");
/// R349: actions asked by anomalies.
pub const ANOMALY_ACTION: &str = nos!("R349-ActionAnomalie");
/// R352: business status of anomalies.
pub const ANOMALY_STATUS: &str = nos!("R352-StatutMetierAnomalie");
/// Kinds of `Task.input`.
pub const TASK_INPUT: &str = guide!("input-task-ror-codesystem");
/// Kinds of `Task.output`.
pub const TASK_OUTPUT: &str = guide!("output-task-ror-codesystem");

/// G07: kinds of identifier of structures.
pub const STRUCTURE_IDENTIFIER_TYPE: &str = nos!("G07-TypeIdentifiantStructure");
/// R345: kinds of identifier of internal organizations.
pub const OTHER_IDENTIFIER_TYPE: &str = nos!("R345-TypeIdentifiantAutre");
/// R354: kinds of identifier of operational resources (places).
pub const RESOURCE_IDENTIFIER_TYPE: &str = nos!("R354-TypeIdentifiantRessourceOperationnelle");
/// R355: kinds of identifier of offers.
pub const OFFER_IDENTIFIER_TYPE: &str = nos!("R355-TypeIdentifiantOffre");

/// UCUM.
pub const UCUM: &str = "http://unitsofmeasure.org";

/// Identifier system: national structure identifier (a type digit, then FINESS, SIREN or SIRET).
pub const ID_NATIONAL_STRUCTURE: &str = "urn:oid:1.2.250.1.71.4.2.2";
/// Identifier system: FINESS.
pub const ID_FINESS: &str = "https://finess.esante.gouv.fr";
/// Identifier system: SIREN and SIRET.
pub const ID_SIRENE: &str = "https://sirene.fr";
/// Identifier system: internal organizations.
pub const ID_INTERNAL_ORGANIZATION: &str = "https://oi.esante.gouv.fr";
/// Identifier system: national identifier of professionals (RPPS).
pub const ID_PROFESSIONAL: &str = "urn:oid:1.2.250.1.71.4.2.1";
