SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE SCHEMA accounts;
CREATE SCHEMA held;
CREATE SCHEMA keyring;
CREATE SCHEMA ledger;
CREATE FUNCTION ledger.excise(bigint, text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'ledger'
    AS $_$ DECLARE gone bigint; BEGIN
  IF NOT EXISTS (SELECT 1 FROM stored_events WHERE topic = 'text-excised'
      AND (state::json ->> 'excised_position')::bigint = $1 AND state::json ->> 'retention_class' = $2)
  THEN RAISE EXCEPTION 'no event says that this text was removed'; END IF;
  DELETE FROM sealed WHERE position = $1 AND retention_class = $2;
  GET DIAGNOSTICS gone = ROW_COUNT;
  RETURN gone;
END $_$;
CREATE FUNCTION ledger.lock_head() RETURNS TABLE(at_position bigint, at_time bigint, rules bigint, keys bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'ledger'
    AS $$ BEGIN RETURN QUERY SELECT position, recorded_at, rules_position, keys_position FROM head FOR UPDATE; END $$;
CREATE FUNCTION ledger.move_head(bigint, bigint, bigint, bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'ledger'
    AS $_$ BEGIN
  UPDATE head SET position = $1, recorded_at = $2, rules_position = $3, keys_position = $4 WHERE position <= $1 AND recorded_at <= $2;
  IF NOT FOUND THEN RAISE EXCEPTION 'the head of the ledger only moves on'; END IF;
END $_$;
CREATE FUNCTION ledger.never_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE accounts.accounts (
    person_id bytea NOT NULL,
    sign_in_name character varying,
    password character varying,
    totp bytea,
    totp_step bigint NOT NULL,
    pin character varying,
    pin_tries integer NOT NULL,
    changed_at bigint NOT NULL
);
CREATE TABLE accounts.devices (
    device_id bytea NOT NULL,
    hash bytea NOT NULL,
    revoked_at bigint,
    delivered_at bigint
);
CREATE TABLE accounts.links (
    hash bytea NOT NULL,
    purpose character varying NOT NULL,
    about character varying NOT NULL,
    expires_at bigint NOT NULL,
    used_at bigint
);
CREATE TABLE accounts.presence (
    device_id bytea NOT NULL,
    person_id bytea NOT NULL,
    began_at bigint NOT NULL,
    until bigint,
    "full" integer NOT NULL
);
CREATE TABLE accounts.sessions (
    hash bytea NOT NULL,
    person_id bytea NOT NULL,
    kind character varying NOT NULL,
    device_id bytea,
    began_at bigint NOT NULL,
    seen_at bigint NOT NULL,
    handed_over character varying
);
CREATE TABLE accounts.tokens (
    hash bytea NOT NULL,
    prefix character varying NOT NULL,
    person_id bytea NOT NULL,
    scopes character varying NOT NULL,
    made_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    revoked_at bigint
);
CREATE TABLE accounts.tries (
    who bytea NOT NULL,
    at bigint NOT NULL
);
CREATE TABLE held.device_clocks (
    device_id bytea NOT NULL,
    offset_seconds integer NOT NULL,
    seen_at bigint NOT NULL
);
CREATE TABLE held.drafts (
    id bytea NOT NULL,
    student_id bytea NOT NULL,
    instrument character varying NOT NULL,
    respondent character varying NOT NULL,
    saved_at bigint NOT NULL,
    nonce bytea NOT NULL,
    body bytea NOT NULL
);
CREATE TABLE held.held (
    id bytea NOT NULL,
    status character varying NOT NULL,
    code character varying,
    field character varying,
    message character varying NOT NULL,
    target_id bytea,
    device_id bytea,
    offset_seconds integer NOT NULL,
    received_at bigint NOT NULL,
    nonce bytea NOT NULL,
    body bytea NOT NULL,
    resolution character varying,
    resolved_by bytea,
    resolved_at bigint
);
CREATE TABLE keyring.about (
    ledger_id bytea NOT NULL,
    proof bytea NOT NULL
);
CREATE TABLE keyring.intentions (
    command_id bytea NOT NULL,
    student_id bytea NOT NULL,
    retention_class character varying NOT NULL,
    "position" bigint
);
CREATE TABLE keyring.keys (
    key_id bytea NOT NULL,
    owner_id bytea NOT NULL,
    retention_class character varying NOT NULL,
    wrapped bytea,
    made_at character varying NOT NULL,
    shredded_at character varying
);
CREATE TABLE ledger.head (
    only_row integer NOT NULL,
    ledger_id uuid NOT NULL,
    "position" bigint NOT NULL,
    recorded_at bigint NOT NULL,
    rules_position bigint NOT NULL,
    keys_position bigint NOT NULL,
    CONSTRAINT head_only_row_check CHECK ((only_row = 1))
)
WITH (fillfactor='10');
CREATE TABLE ledger.sealed (
    "position" bigint NOT NULL,
    retention_class text NOT NULL,
    key_id uuid NOT NULL,
    nonce bytea NOT NULL,
    ciphertext bytea NOT NULL
);
CREATE TABLE ledger.stored_events (
    "position" bigint NOT NULL,
    originator_id uuid NOT NULL,
    originator_version integer NOT NULL,
    topic text NOT NULL,
    class_version integer NOT NULL,
    command_id uuid,
    setting_id uuid,
    student_id uuid,
    author_id uuid,
    device_id uuid,
    occurred_at bigint NOT NULL,
    recorded_at bigint NOT NULL,
    fingerprint bytea NOT NULL,
    sealed_hash bytea,
    state text NOT NULL
);
INSERT INTO accounts.accounts VALUES ('\x01a222f000ea75959b924e65495a3d90', 'juniper', '$argon2id$v=19$m=65536,t=3,p=4$/mFHqHFRjrlzmdKqQ7G53A$TxCBHbPNmazM7DaaSKpzbP3ht+pOvIlhh1yN/byeG90', NULL, 0, NULL, 0, 1772532000000000);
INSERT INTO accounts.devices VALUES ('\x01a222f0017772fa90fa2e595c8143e3', '\x5118a96e77edf45bb4d827c46ec56c6099b6db3d509b62a4443aee6709333f25', NULL, NULL);
INSERT INTO accounts.links VALUES ('\x8b6d94f4cb1ec5f91086a0347bd05e5d955b7d5d9f2221c90b95d14e8cc2657e', 'welcome', '{"person":"01a222f0-00ea-7595-9b92-4e64ed8a6b72"}', 1772791200000000, NULL);
INSERT INTO accounts.sessions VALUES ('\xa13710b1a073c497eee3551bc3d8d846b00ab0fae113176550728908af105d97', '\x01a222f000ea75959b924e65495a3d90', 'full', NULL, 1772532000000000, 1772532000000000, NULL);
INSERT INTO accounts.tokens VALUES ('\xb20f0f18a26022343fa6988eae652870f9ffe533b9d2f0173e61aecdfb0cbebb', 'apl_9eSXt', '\x01a222f000ea75959b924e65495a3d90', 'all', 1772532000000000, 1804068000000000, NULL);
INSERT INTO held.drafts VALUES ('\xe230cb58dcaa4f29aa1ac82c26722f55', '\x01a222f0013b7269878fc2a9654920a5', 'a-form', 'carer', 1772532000000000, '\x8498af6560c0ad2428d098bf', '\xaeafacf2bbce7174b88abf26e576ca9fec16a5d05e155f8afa2a88948094430976b10e5f4905c4');
INSERT INTO held.held VALUES ('\x01a222f0018872f48ba55e2b2ecf5de6', 'refused', 'unknown-item', 'rung', 'This ladder has no rung with this id.', NULL, NULL, 0, 1772532000000000, '\x6f89a9c22f50f7bc1fd663bd', '\xf8c2c6f8fb2859dd3e46f27f350f50eed87c3a0636c3c71e2b90c6bf90422464433af1717a8066f241423679007c775cc6fee64480252f745ba204c58877c581dba52fafb145083476e7458a461d6fe1e743f57ffed28b5c6905b8479c16bc22e7931d000db2670cdf6abb19cd47334034fc9b542ff1c6ad55142f5237bb8c77673cb38f7c5d53743f2e210972aa91ef877a9e9fa74d5bf469773151b75f335f1c5976c09deb9d81c7fafee39b3f9def3091253fcbb78ee0d00f092b0d17603b68c8a5640d0230184734d42efec4933d65044cead63800697dc6c87e0ee677bb4593c82d28df4ef5918d858b864d74a04dc688f4c905ac4a86a30badd3ada0c7e302b0c5cefe56aceed1a82f573246419f1aba22df7c66ecdc2e7911d2ca00e5ba61e7f8d4cb018c66efd50ce13f87bb932e57194b590c49b9dbf0f12e24dcdcd83f1ac95d9f6e40e78126ba77cea8d07f1dabc41b2f78de4f8d5f', NULL, NULL, NULL);
INSERT INTO held.held VALUES ('\x01a222f0018d77a69f44adfcc351cc4a', 'held', NULL, 'entry_id', 'The entry that this changes has not arrived yet. This is kept and applied when it does.', '\x01a222f0018d77a69f44adfb461bb22f', NULL, 0, 1772532000000000, '\xe2b25a0b1357807345fa3b8b', '\x4f36690970d44f998801a8091884978bbc7e5a10478e655187566e6a84f7514f1fef0c3fb5ad39d93cbe2d6d34db26cd70fd93772dbdb8f7c074964e3a7d3e5b279f44e31bcfe388b664ca06d2f9383f6bcd9d02fc902cb9910fbb1832962745dbbdd9e19f43a46ef73d9681c13fd9fa930623baa53c81b1d69031c4efedd70e993e1ed662b1df76f94206b25c9bd497c235b575d0e8550eb02ffcfacddcd70c25f780a2a73789ac3e205804091e13a6bfb1216760d38571876407ee0525c24f2172c388c3435543ecbd6b0e8d12ad0f3465d1558a1aacabbec7e572bde00e27541789433d451ad9ffc7df68c08fcdfe7a6af63d89314a79b72455732908caade21d60c52c9006e3f533275348cefaefdb3c2a6786777328f9e0bdc6ef3378dfbd85979d435911d7daf3514400d2c7407469c8c56bb703bca6f3ad40c79b182f7023c6ecbb19ce68f24a757db395f0be56b47c627456c2c1d857687dd33c980d339cd018162b5fb139464b5f3d54aa03a6adc3129ce120689bd4c266ff6b16bf1cdd79a1c6f1bdd5a18ae8b66d4617f9f3131674ead4fd91482252bda0ed2bdc2e2264c84962e554172a6e1a1ec14ffffe62eb46d9355592b7bca631dc72721c5d900847cfbf71317d9b2f47dfa767ec9e3121fb395b7383e9e6d716f06f5fa9ece1cc991d780024c7d6e0dd55b6fe19bfba5665aa4d42c3c18daf46f9914e82830217457aa1365bd8f394455c8766e0eba64715a4e4606d1b655b8b82e6ca470431a3c4ad954689421b9e8c07ff8baa4b6ff1496309141bae93b65eb738ca61b58b8f649a5b80ed7b8b544f8163b013a973b033248a8e7893f81d0eed0bc4db6dbe3e532f98a243968ebb1692babf5ede681dab784bb4b1548e5dde3aa2b8f0c050a1d28da417199334702e8225601127c6fa35a566dd9dc99a4da128c3d2534c23e1aabdb1c552818b7f9de9b0c8ebb1f286698ebc268d98c6ec9f6c460276039a471ddd1d5d604ee3d40d9dc04d50d12be505', NULL, NULL, NULL);
INSERT INTO keyring.about VALUES ('\xc4758cd016644691874ac10122f9a457', '\xda624506ac995bb22870f151912b5123350bae47d229913ed0d6ecb1c4bb0bf402509c6250bf1044');
INSERT INTO keyring.keys VALUES ('\x29318273183b44d1886a4a035fe6a2aa', '\xc4758cd016644691874ac10122f9a457', 'core', '\xb366b19632b2e5cadf6fda318bfeb27139955c85758cd279599bb5ea48db10bdfaed8fb0ae43b01e', '2026-11-28T16:14:43.818989+00:00', NULL);
INSERT INTO keyring.keys VALUES ('\x496fc490ca99486eb2bf0ebf3689a532', '\xc4758cd016644691874ac10122f9a457', 'learning', '\x6671e0260a700dfe616c5c6a9b58b2f7833473d6b119f4dd2ff257e6ca38ec674b7aeb4787cb3e23', '2026-11-28T16:14:43.819992+00:00', NULL);
INSERT INTO keyring.keys VALUES ('\xaec9bfcd3b7e4fe3958f960831ff6b23', '\xc4758cd016644691874ac10122f9a457', 'behaviour', '\x2dcaac87bab22278bf2c9112eefd1f184ccc48e1319cae51e51c93b2b23d81c2a373801e22b274d2', '2026-11-28T16:14:43.820398+00:00', NULL);
INSERT INTO keyring.keys VALUES ('\x1a150c7b418341d09a5f291c1ffa80cd', '\xc4758cd016644691874ac10122f9a457', 'safeguarding', '\xc910b17099bc0b65d7b5a6efe409e172bb9e4e765322512aa452d1b91b650ccf83ddacdf15b0f6f7', '2026-11-28T16:14:43.820715+00:00', NULL);
INSERT INTO keyring.keys VALUES ('\x180d6fd6fc064d939f55ded61ba1d710', '\xc4758cd016644691874ac10122f9a457', 'health', '\x6f806dac26421c13080d7e9a28514ad4e3ef1235455134367dd093244038d88a93863e71a1d6cfe6', '2026-11-28T16:14:43.821013+00:00', NULL);
INSERT INTO keyring.keys VALUES ('\xfe8d0f4677434dbbbf668087b3afcb5b', '\x01a222f000ea75959b924e62ff9c02ee', 'core', '\x739ffe618c2c6b024d02111539993161c1418407067f564f3ebdb6705c226a40ee407a76429ad19f', '2026-11-28T16:14:43.950352+00:00', NULL);
INSERT INTO keyring.keys VALUES ('\x1e17d5c0681a40c3a8bdc05cf1d09052', '\x01a222f000ea75959b924e62ff9c02ee', 'learning', '\x6999cdd91cebf61c2a95e126e951a6eed14b1ffabf925d63ab2fb63ba666027190b1b22163585ff9', '2026-11-28T16:14:43.951420+00:00', NULL);
INSERT INTO keyring.keys VALUES ('\xc5cdd23ac97e4e59b16f9838afcc8ae7', '\x01a222f000ea75959b924e62ff9c02ee', 'behaviour', '\x1aa2f0ae748a6b9045d5f3a2a30c445d54ce3d3f53937cd38ad0be1523086efacedea90f4eedfbac', '2026-11-28T16:14:43.951874+00:00', NULL);
INSERT INTO keyring.keys VALUES ('\x388dcfa6a5e94464bf93939e6c50f24a', '\x01a222f000ea75959b924e62ff9c02ee', 'safeguarding', '\xbe62561042065a3b3ef88ee359d2b4a420436d3d3c65a283c6b40132de6364cfbe97b06ab69d9197', '2026-11-28T16:14:43.952395+00:00', NULL);
INSERT INTO keyring.keys VALUES ('\x2bde51c2fc1c48789a31562a6f236460', '\x01a222f000ea75959b924e62ff9c02ee', 'health', '\xb161b9bdc7feb4a717101529d64b38cb977ad8c4db311a9ccee188b8e7c09f9357d9de85aad2c525', '2026-11-28T16:14:43.952813+00:00', NULL);
INSERT INTO keyring.keys VALUES ('\x68dc32d1e90f44bab7aa187ba9226852', '\x01a222f000ea75959b924e638909a58a', 'core', '\x8cfcb300a412330f4a2d64e12c65ecfdf1f6a5e39074a0b35ce80bbd7a8cad7735b55ac23f7a05fb', '2026-11-28T16:14:43.978204+00:00', NULL);
INSERT INTO keyring.keys VALUES ('\x88150061bde94ee1912dc1293140cf7f', '\x01a222f000ea75959b924e638909a58a', 'learning', '\x59dc431921a19ef557285faf8c0beca09ff1ff60e1463b2197d6e928ec9b49859b7b09f2a1106e79', '2026-11-28T16:14:43.978571+00:00', NULL);
INSERT INTO keyring.keys VALUES ('\xe08d95c51deb457088ccf9e8a4388379', '\x01a222f000ea75959b924e638909a58a', 'behaviour', '\x639377905ad2416d5abe6d12c233568e14951d09fcd72e5a70fa5d09d40fb5f44549d89032756807', '2026-11-28T16:14:43.978833+00:00', NULL);
INSERT INTO keyring.keys VALUES ('\xc340360f841a489f81977a896ea579de', '\x01a222f000ea75959b924e638909a58a', 'safeguarding', '\x4d4da07efb3200ad206948376859612b67b9be0e3cd842b7368c94a3ec05d7614692df622b384b18', '2026-11-28T16:14:43.979159+00:00', NULL);
INSERT INTO keyring.keys VALUES ('\x2e959ed23f7a4e85a2ed6eb6fcac575e', '\x01a222f000ea75959b924e638909a58a', 'health', '\x599ce48b8941d2a3d5178d0af011bb59acbe7e9be9f04af8a61b89f116cf478f96ab5cbea92e8ccb', '2026-11-28T16:14:43.979427+00:00', NULL);
INSERT INTO keyring.keys VALUES ('\x24152e6db38f4ef58ccff65ed83fb057', '\x01a222f000ea75959b924e64ed8a6b72', 'core', '\xf1b51c6a562c53bae6d968e34d8bd9d248c0b71c823914cb3ef7245b9aaa9f7616ccf12507c6ec7c', '2026-11-28T16:14:43.992808+00:00', NULL);
INSERT INTO keyring.keys VALUES ('\x8714de2d28364080986a5bf642c60c10', '\x01a222f000ea75959b924e64ed8a6b72', 'learning', '\xf5344e05c44954078aea9abebf43c0091cb261d605f6da87f8e46d580a9cef76adc6c6c96ec783cd', '2026-11-28T16:14:43.993178+00:00', NULL);
INSERT INTO keyring.keys VALUES ('\x8b9fe4e7e85f4560bfd632526b61f158', '\x01a222f000ea75959b924e64ed8a6b72', 'behaviour', '\x32220a2c359c9366fa9481a47f6f2a31167788f49043a56814b5dad377f639d1c1bfbedc34f6a4b5', '2026-11-28T16:14:43.993440+00:00', NULL);
INSERT INTO keyring.keys VALUES ('\x3a697533eb284dfda5d846af95f59c4f', '\x01a222f000ea75959b924e64ed8a6b72', 'safeguarding', '\x53d74da0ba556cb38ca1659151d0032cb19f680853861f891401ce0b1248e5c1b4a0138261f5ecd2', '2026-11-28T16:14:43.993699+00:00', NULL);
INSERT INTO keyring.keys VALUES ('\x4fef16eca6eb4966963b86f6ce04e618', '\x01a222f000ea75959b924e64ed8a6b72', 'health', '\x5bc01639090438cffa3f31a7343711af2a4ab5a37c20463dcdfff8e9acd24d968dfdbf99d9da7708', '2026-11-28T16:14:43.993957+00:00', NULL);
INSERT INTO keyring.keys VALUES ('\x63cfbd679b02435b857777b73f01572c', '\x01a222f000ea75959b924e65495a3d90', 'core', '\xa42b786fa70552b7b1bdd219cacfc729f996459349cde5cd5030f62a6bd955b9f8faed5589ae0d0d', '2026-11-28T16:14:44.005187+00:00', NULL);
INSERT INTO keyring.keys VALUES ('\xa484d91d5db442da918afbd3818f735d', '\x01a222f000ea75959b924e65495a3d90', 'learning', '\x6e746f520863a299504b078182da30511faaaeed2488896715df70e3d45e286051becd4a43bb4c8f', '2026-11-28T16:14:44.005570+00:00', NULL);
INSERT INTO keyring.keys VALUES ('\xcba294be23664845848cca3458b25a1f', '\x01a222f000ea75959b924e65495a3d90', 'behaviour', '\x753d99345e6f7a8d4734c6cb3f69730e7923791c50784b4606947b30cc357f58b095cdf7d7f85a82', '2026-11-28T16:14:44.005864+00:00', NULL);
INSERT INTO keyring.keys VALUES ('\xcf24e67c84c44bf7b429d82f138016f4', '\x01a222f000ea75959b924e65495a3d90', 'safeguarding', '\x68b5d2312c5c042535e55424f10c69ad15109c83ea52a2447a4d51fc378cc977e0b897cb528e859f', '2026-11-28T16:14:44.006123+00:00', NULL);
INSERT INTO keyring.keys VALUES ('\x56b07bd4c9fa4e0892606be8ed3a2f1e', '\x01a222f000ea75959b924e65495a3d90', 'health', '\x1d4a603187619537872e53d59e598458b6524e867968bb5336a860bc24da0c23360de9ab6f59fc60', '2026-11-28T16:14:44.006377+00:00', NULL);
INSERT INTO keyring.keys VALUES ('\x1a5b75e93b83428db0df9d7e4a488c6b', '\x01a222f0013b7269878fc2a9654920a5', 'core', '\x8f46056a988d83bbce284a72a0bb7228da46c41d97ebb6058a34ca81d8c041e236cc5985565a1a70', '2026-11-28T16:14:44.029609+00:00', NULL);
INSERT INTO keyring.keys VALUES ('\xb0704c1239d341b58ed3ce0314b736ae', '\x01a222f0013b7269878fc2a9654920a5', 'learning', '\xdd741a5c2b802a207f234fa41974cffe906cae24add310aa40d79518651202f8b6c44910131bf8a7', '2026-11-28T16:14:44.030158+00:00', NULL);
INSERT INTO keyring.keys VALUES ('\x0d5d6ccfe2c24bc39357908ebc81d17f', '\x01a222f0013b7269878fc2a9654920a5', 'behaviour', '\x7531ff1dc84556a617cc8e7810358bfa5ce02a85fe99d89ac9c072326cd667a5eec5f4a927024bcd', '2026-11-28T16:14:44.030555+00:00', NULL);
INSERT INTO keyring.keys VALUES ('\xdc9f54a44e6147f7afb5d4d9408a92c2', '\x01a222f0013b7269878fc2a9654920a5', 'safeguarding', '\x4b0cdb50f04a06eca1805de2a09589d6c9efa8e9c94f87a9e6dabd7ff9638634143dfe79345f431f', '2026-11-28T16:14:44.030897+00:00', NULL);
INSERT INTO keyring.keys VALUES ('\x04a156ab8fe044f49ce9bc6fa7075265', '\x01a222f0013b7269878fc2a9654920a5', 'health', '\x320616b33a61f976f6b6eca4432573de0ed74067e6f669a118fcaa0c9d5b5cd349701007e1680070', '2026-11-28T16:14:44.031222+00:00', NULL);
INSERT INTO keyring.keys VALUES ('\x5d76af90f51540f0bef194b753e1ac57', '\x01a222f0015b70fb8259e4bc6e7f8b51', 'core', '\x175ea22d59c6e62915d3e3883a1cdf47dedfccbc5f84daa61866f6f02833f2a3931a346a0f7e829f', '2026-11-28T16:14:44.061837+00:00', NULL);
INSERT INTO keyring.keys VALUES ('\xde787ea9d04e477bad248b616e407c93', '\x01a222f0015b70fb8259e4bc6e7f8b51', 'learning', '\xdb1b96b1a6e1277bf7e612d66350cbd6bb087a7d2ed0229ca60131371366b701ab096503544e88fa', '2026-11-28T16:14:44.062414+00:00', NULL);
INSERT INTO keyring.keys VALUES ('\xbee0b4f01e4647779a263192aacd1565', '\x01a222f0015b70fb8259e4bc6e7f8b51', 'behaviour', '\xa9136f527d8a3cebbe5f21820207963a3f6ab5846224798849e6106dfe8cba4d4f27f889a9709dd2', '2026-11-28T16:14:44.062899+00:00', NULL);
INSERT INTO keyring.keys VALUES ('\xaed04c1e9c4b434e8d5e6f4bbb001de8', '\x01a222f0015b70fb8259e4bc6e7f8b51', 'safeguarding', '\x00524c9771226b680fb15e9b05976b0b2f088d593395562877df4820fcb6d51850505477f910c788', '2026-11-28T16:14:44.063343+00:00', NULL);
INSERT INTO keyring.keys VALUES ('\x2ea4b5f1313e4cff9f4a88ca4ad8b2d0', '\x01a222f0015b70fb8259e4bc6e7f8b51', 'health', '\xf76b27b6b8defcf2b78c626b8adf6c66c3c88211c2ac0aaf17d75f3c995ee6085346d9e049cfbb22', '2026-11-28T16:14:44.063870+00:00', NULL);
INSERT INTO ledger.head VALUES (1, 'c4758cd0-1664-4691-874a-c10122f9a457', 61, 1772532000000000, 53, 48);
INSERT INTO ledger.sealed VALUES (10, 'core', '68dc32d1-e90f-44ba-b7aa-187ba9226852', '\x88ce95ff419205c252a4edc6', '\xb8ea86345b522afbaa8d51f0cf297bf0978b89262ae4a4744bfbcbcb16baabba');
INSERT INTO ledger.sealed VALUES (17, 'core', '24152e6d-b38f-4ef5-8ccf-f65ed83fb057', '\x12015ef18d4437a8e6f70da6', '\x493dd34283f51909b7502756a3485625df01b52caba8da5e8c7b322b841536e9');
INSERT INTO ledger.sealed VALUES (24, 'core', '63cfbd67-9b02-435b-8577-77b73f01572c', '\x13eac233aa56595251583f08', '\xe15cad406216be23c5306f90b9b072a47245587a8c728a8e62ad7ee11a8b15a566a7');
INSERT INTO ledger.sealed VALUES (39, 'core', '1a5b75e9-3b83-428d-b0df-9d7e4a488c6b', '\x8bc3c8cb409f4b60ce0a1711', '\x533d6c8e222e6c3ff49d6aa9e874ad95f64920da395c9c12c7519b7a3cafdba06df858b8880fe31aa037a1b535cd24abf4cb9feecd87be2445f76fc3e833a4d9fc4f5b511e85e3f629b0afa27248f1006cb956e8ab989e');
INSERT INTO ledger.sealed VALUES (49, 'core', '5d76af90-f515-40f0-bef1-94b753e1ac57', '\xbc699842ca3e1d8416dd40a7', '\x2d0bee6da2cbf629e0e978bd101ac04b4001302254d2ce230b30ad08d473ea82fcdc07c02ef46faa949c7166d567279fa3b3359349f19b6abfd196095d1a4ad0034b502ba74f7c9161d3992a9148c1d96f333cb02b4cf8');
INSERT INTO ledger.sealed VALUES (53, 'core', 'fe8d0f46-7743-4dbb-bf66-8087b3afcb5b', '\x5975f3134cca59ca346296b4', '\xaba6b21a89e1505ae755b14d0248b8a9deec255d9da76b4177144e5538810dc2b90d');
INSERT INTO ledger.sealed VALUES (55, 'learning', 'b0704c12-39d3-41b5-8ed3-ce0314b736ae', '\xa27b733f33328ca7f545c717', '\xa1f84083b398dca5107aef75b540f6e2bea6712ae6434a51a86b3008cccd4ad565b01b25e38dc836792f1503bc773b2a0fca4e911290');
INSERT INTO ledger.sealed VALUES (57, 'behaviour', '0d5d6ccf-e2c2-4bc3-9357-908ebc81d17f', '\x659dcd3f2f49783af72cfac6', '\x128e02dfde48c3e7345ec29770f696ebec9b60575339f8822af8a7b8d972f98e5a3bee1a0443e7c453c57b');
INSERT INTO ledger.sealed VALUES (58, 'safeguarding', '388dcfa6-a5e9-4464-bf93-939e6c50f24a', '\x1d54be00480ee3a831034198', '\x09956cf9ef4e9a7108e660692ed52286c46c2f73b25f03f39e178c4a618f6d543ed100d8f47ee261f229a53064479f21c5ad170c1ff2f3168bca570f1fd540274bc14590c18aacd8a9b4dce9966e299d88a9ccfc9ca3c01024525c0e863baaaebb17e8d73e3f90fbac1c5f453c981f78264003844d03fcd9fafa199c60790efb64cf9b29cd51e08b19c4b37c8fba5c83089772d85a658f4ca9e6caa732149e01c3c360b64d2009dae43336163d38a4badcad02b162bb19713e5a6263949acdbdf5ce165ec81a189ea916f5bf78a7df71df68de864c4ad8f5680286517f000f06f5606f3ee46a301dc7859a106f2d242437e524a4996aeee4a516dfe0a07d76c73ca699b2a8f71ff74ad269dfa64edf3d94d926c54b31d7481310e4ff275f760042fe9e4bbbc29153d8c753a233f7b9e46e43569fcc337416fb8d2f14ff9c8a7b1c18b134ec8d3a78e9708adaacccd7edb075e027150da15c63a766b00c7dc6f6ec81ed6bd4d7cdb57d4a12c94d72073a9a1ad7227e1413568dec628652b0cd6b4285a2f765c75fa3b85a27a7d5e03c62a9ecaa93561d413a5e28c6fb73d7bf22445cb7b38829870d71b2956e8b43c85dd7a84f5a8885994d8167dd7051160a8783b32026f2e992f81b578802e1838cfcadf966654361c2061233cf22304ef4fd0cc8247239f07aac9d39b6d5f33c875c0bbbacaca80c5ae3a10c19a9d5df32438eafb1669c06329b40850a7dd09f34e6d613add3e2c0d4ac94675f7f6c7f7bf97be0f344c4acf49416582584511e3f77ed4c795dae4b0d3d90c485ba0b2fb3be3ef2333f46297257417aab2ddf6c798a9254b919d6ec1c11a48bb7d23e8239d67ead543807468e9accef12037750aba254dea1496fe2aa23f8f69eae16a4f94734bd755f9958239b2069463a8a70a72833921c0c24734e396c4877d89450fbfd4d95f12a5a0219d012fbd68e20907f3a930c6c6ca24cbe7a29cecede32048de7000ca5487dae0c770dcde61dd1212a821dc1bd7c823c044d2827ed29e76c638d5ff7ddf4d82abcf52d15abccc0014e3faf0f923ed6a52b8056da43ed94e4c08155170af1e709ade4bdc4c87ea52789775e27c752974575b1035bf530cc9408e1d548b40f8c19c3aa10a4b5');
INSERT INTO ledger.sealed VALUES (59, 'learning', 'b0704c12-39d3-41b5-8ed3-ce0314b736ae', '\x7c5476008c3d906f30fd553b', '\x53aa99bab350f2f3f4b2918a175033d2c87187483031c6074844428f2a3cd8419e2a43bbb115044be8bc');
INSERT INTO ledger.sealed VALUES (60, 'learning', 'b0704c12-39d3-41b5-8ed3-ce0314b736ae', '\xd7ecde8d3a7b980092e3d85b', '\xb9543db5a8d48b73d4c98981409f89499d99b0b10e06231f141c3990defda45b5bff294954ce');
INSERT INTO ledger.stored_events VALUES (1, '01a222f0-00ea-7595-9b92-4e62ff9c02ee', 1, 'setting-opened', 1, '01a222f0-00ea-7595-9b92-4e66bf68366d', '01a222f0-00ea-7595-9b92-4e62ff9c02ee', NULL, NULL, NULL, 1767600000000000, 1767600000000000, '\x74bf8c6be05aea8ec2bd503a9c87d13c0619f45c9a351b825d8f32387cbaac63', NULL, '{"name":"Riverbank","time_zone":"Europe/London"}');
INSERT INTO ledger.stored_events VALUES (2, '01a222f0-00ea-7595-9b92-4e62ff9c02ee', 2, 'key-made', 1, NULL, '01a222f0-00ea-7595-9b92-4e62ff9c02ee', NULL, NULL, NULL, 1767600000000000, 1767600000000000, '\x', NULL, '{"key_id":"fe8d0f46-7743-4dbb-bf66-8087b3afcb5b","retention_class":"core","commitment":"6f95ab75d0013b88bc9c3abdff67f1702f3f94ebbce6bfa499338e7cd76b806b"}');
INSERT INTO ledger.stored_events VALUES (3, '01a222f0-00ea-7595-9b92-4e62ff9c02ee', 3, 'key-made', 1, NULL, '01a222f0-00ea-7595-9b92-4e62ff9c02ee', NULL, NULL, NULL, 1767600000000000, 1767600000000000, '\x', NULL, '{"key_id":"1e17d5c0-681a-40c3-a8bd-c05cf1d09052","retention_class":"learning","commitment":"b1b847469bb3d51dc4c6aba525f177a1497c10b9913aa77cc8d6db4ac9efecc8"}');
INSERT INTO ledger.stored_events VALUES (4, '01a222f0-00ea-7595-9b92-4e62ff9c02ee', 4, 'key-made', 1, NULL, '01a222f0-00ea-7595-9b92-4e62ff9c02ee', NULL, NULL, NULL, 1767600000000000, 1767600000000000, '\x', NULL, '{"key_id":"c5cdd23a-c97e-4e59-b16f-9838afcc8ae7","retention_class":"behaviour","commitment":"e8ac059c143cb6d93fd93e48c2b57a90f9914427ccc5869cb00201c6c9a516e3"}');
INSERT INTO ledger.stored_events VALUES (5, '01a222f0-00ea-7595-9b92-4e62ff9c02ee', 5, 'key-made', 1, NULL, '01a222f0-00ea-7595-9b92-4e62ff9c02ee', NULL, NULL, NULL, 1767600000000000, 1767600000000000, '\x', NULL, '{"key_id":"388dcfa6-a5e9-4464-bf93-939e6c50f24a","retention_class":"safeguarding","commitment":"713ae371272a47101a841737686e627b252f4e99a0f03e11337cc87a21894b30"}');
INSERT INTO ledger.stored_events VALUES (6, '01a222f0-00ea-7595-9b92-4e62ff9c02ee', 6, 'key-made', 1, NULL, '01a222f0-00ea-7595-9b92-4e62ff9c02ee', NULL, NULL, NULL, 1767600000000000, 1767600000000000, '\x', NULL, '{"key_id":"2bde51c2-fc1c-4878-9a31-562a6f236460","retention_class":"health","commitment":"0ab0141b4561a08a642d8362cbb6c56310801f31637b253efbb7d0826875b178"}');
INSERT INTO ledger.stored_events VALUES (7, '01a222f0-00ea-7595-9b92-4e62ff9c02ee', 7, 'timetable-set', 1, '01a222f0-00fb-70ba-9471-dbd69f53530b', '01a222f0-00ea-7595-9b92-4e62ff9c02ee', NULL, NULL, NULL, 1767600000000000, 1767600000000000, '\x314912dd20175a08f18c1819ab2839fad7ecafdbcb8605007245b7ed0c989f3d', NULL, '{"from_date":"2026-01-01","slots":[{"id":"lesson","label":"lesson","kind":"lesson","starts":"09:00:00","ends":"10:00:00","weekdays":[1,2,3,4,5]},{"id":"break","label":"break","kind":"break","starts":"10:00:00","ends":"10:20:00","weekdays":[1,2,3,4,5]},{"id":"lunch","label":"lunch","kind":"lunch","starts":"12:00:00","ends":"12:40:00","weekdays":[1,2,3,4,5]}]}');
INSERT INTO ledger.stored_events VALUES (8, '01a222f0-00ea-7595-9b92-4e62ff9c02ee', 8, 'calendar-set', 1, '01a222f0-0100-773b-a83e-700dec54893a', '01a222f0-00ea-7595-9b92-4e62ff9c02ee', NULL, NULL, NULL, 1767600000000000, 1767600000000000, '\x3f5df419a13d6660c80152ec73a3d2c01007830aaa68258871138c9f644c6c5a', NULL, '{"from_date":"2026-01-01","terms":[{"first":"2026-01-05","last":"2026-02-13","label":"Spring 1"},{"first":"2026-02-23","last":"2026-03-27","label":"Spring 2"}],"closures":[]}');
INSERT INTO ledger.stored_events VALUES (9, '01a222f0-00ea-7595-9b92-4e62ff9c02ee', 9, 'commissioner-added', 1, '01a222f0-0104-7631-bd19-49ac336611ce', '01a222f0-00ea-7595-9b92-4e62ff9c02ee', NULL, NULL, NULL, 1767600000000000, 1767600000000000, '\xd7a07f676aa432e1d1e7f784389b9fac9982e33e2138e0182860d6a7e536d287', NULL, '{"commissioner_id":"01a222f0-0104-7631-bd19-49abe439cc6b","name":"Lakeside Council","kind":"local-authority"}');
INSERT INTO ledger.stored_events VALUES (10, '01a222f0-00ea-7595-9b92-4e638909a58a', 1, 'person-added', 1, '01a222f0-0108-74b9-8798-f962c6e1e5bb', '01a222f0-00ea-7595-9b92-4e62ff9c02ee', NULL, NULL, NULL, 1767600000000000, 1767600000000000, '\x02867416be026f93037e41786a35973910728f30716bdaf1331b9ba1bb4bfbec', '\xd46846298ace3cd9ab55e7f7d4a852ca7dd512ce4042bfeff6dd87488729094d', '{}');
INSERT INTO ledger.stored_events VALUES (11, '01a222f0-00ea-7595-9b92-4e638909a58a', 2, 'key-made', 1, NULL, '01a222f0-00ea-7595-9b92-4e62ff9c02ee', NULL, NULL, NULL, 1767600000000000, 1767600000000000, '\x', NULL, '{"key_id":"68dc32d1-e90f-44ba-b7aa-187ba9226852","retention_class":"core","commitment":"0085edeb9363867e8799db01436c6f8ce8da6f9b29f74539a53802fb95e35ba4"}');
INSERT INTO ledger.stored_events VALUES (12, '01a222f0-00ea-7595-9b92-4e638909a58a', 3, 'key-made', 1, NULL, '01a222f0-00ea-7595-9b92-4e62ff9c02ee', NULL, NULL, NULL, 1767600000000000, 1767600000000000, '\x', NULL, '{"key_id":"88150061-bde9-4ee1-912d-c1293140cf7f","retention_class":"learning","commitment":"f6cb3f48bde73a503cdcb6cbea41d20bd7b89fdee7c4fa3bc2aebabd851447f4"}');
INSERT INTO ledger.stored_events VALUES (13, '01a222f0-00ea-7595-9b92-4e638909a58a', 4, 'key-made', 1, NULL, '01a222f0-00ea-7595-9b92-4e62ff9c02ee', NULL, NULL, NULL, 1767600000000000, 1767600000000000, '\x', NULL, '{"key_id":"e08d95c5-1deb-4570-88cc-f9e8a4388379","retention_class":"behaviour","commitment":"3c8b7825737cc0f2147080006c1229b0e89492adf88a5b474ef3c9038156ba85"}');
INSERT INTO ledger.stored_events VALUES (14, '01a222f0-00ea-7595-9b92-4e638909a58a', 5, 'key-made', 1, NULL, '01a222f0-00ea-7595-9b92-4e62ff9c02ee', NULL, NULL, NULL, 1767600000000000, 1767600000000000, '\x', NULL, '{"key_id":"c340360f-841a-489f-8197-7a896ea579de","retention_class":"safeguarding","commitment":"9fee5f73631164584afcc229b10dd7eefd0d50582a8bd87a5569c0df9878fbf9"}');
INSERT INTO ledger.stored_events VALUES (15, '01a222f0-00ea-7595-9b92-4e638909a58a', 6, 'key-made', 1, NULL, '01a222f0-00ea-7595-9b92-4e62ff9c02ee', NULL, NULL, NULL, 1767600000000000, 1767600000000000, '\x', NULL, '{"key_id":"2e959ed2-3f7a-4e85-a2ed-6eb6fcac575e","retention_class":"health","commitment":"238380368a7b8a283eb073f5511479039c12d04919d29da1e08f7fe69b1e8b1a"}');
INSERT INTO ledger.stored_events VALUES (16, '01a222f0-00ea-7595-9b92-4e638909a58a', 7, 'role-granted', 1, '01a222f0-0110-74b3-9590-45214fbe81e3', '01a222f0-00ea-7595-9b92-4e62ff9c02ee', NULL, NULL, NULL, 1767600000000000, 1767600000000000, '\x506c8680b928ac76775f4d5a42c0b184b9614d57befa649955b22da9ad7b3e88', NULL, '{"grant_id":"01a222f0-0110-74b3-9590-4522b3de55bf","role":"mentor","from_date":"2026-01-01"}');
INSERT INTO ledger.stored_events VALUES (17, '01a222f0-00ea-7595-9b92-4e64ed8a6b72', 1, 'person-added', 1, '01a222f0-0117-753e-b50a-93818bd9c008', '01a222f0-00ea-7595-9b92-4e62ff9c02ee', NULL, NULL, NULL, 1767600000000000, 1767600000000000, '\xa45f5508209bac653523befc8e153ba63948811b05c60f50260acd8837b03c0d', '\x07f5e2f77597dab248fc09a260342a392991cc29e3a0fe68cdfa431333ce644b', '{}');
INSERT INTO ledger.stored_events VALUES (18, '01a222f0-00ea-7595-9b92-4e64ed8a6b72', 2, 'key-made', 1, NULL, '01a222f0-00ea-7595-9b92-4e62ff9c02ee', NULL, NULL, NULL, 1767600000000000, 1767600000000000, '\x', NULL, '{"key_id":"24152e6d-b38f-4ef5-8ccf-f65ed83fb057","retention_class":"core","commitment":"136c717af9ec677999d601fa6e232ca67718127535e176343f81fcf5bdd2a946"}');
INSERT INTO ledger.stored_events VALUES (19, '01a222f0-00ea-7595-9b92-4e64ed8a6b72', 3, 'key-made', 1, NULL, '01a222f0-00ea-7595-9b92-4e62ff9c02ee', NULL, NULL, NULL, 1767600000000000, 1767600000000000, '\x', NULL, '{"key_id":"8714de2d-2836-4080-986a-5bf642c60c10","retention_class":"learning","commitment":"534bc3e55af9368571c48d7fce260097b26c062a1bcf7159e7e639a6f992b222"}');
INSERT INTO ledger.stored_events VALUES (20, '01a222f0-00ea-7595-9b92-4e64ed8a6b72', 4, 'key-made', 1, NULL, '01a222f0-00ea-7595-9b92-4e62ff9c02ee', NULL, NULL, NULL, 1767600000000000, 1767600000000000, '\x', NULL, '{"key_id":"8b9fe4e7-e85f-4560-bfd6-32526b61f158","retention_class":"behaviour","commitment":"0f256f68c5b67834f52b9ee123ed6473e06c42987dc776401c14f5c4a949ce5a"}');
INSERT INTO ledger.stored_events VALUES (21, '01a222f0-00ea-7595-9b92-4e64ed8a6b72', 5, 'key-made', 1, NULL, '01a222f0-00ea-7595-9b92-4e62ff9c02ee', NULL, NULL, NULL, 1767600000000000, 1767600000000000, '\x', NULL, '{"key_id":"3a697533-eb28-4dfd-a5d8-46af95f59c4f","retention_class":"safeguarding","commitment":"171ed5f4d7f8751a973fbaf5e5ab7cc1f84f821c2e7fe5c0269b3185c2b815ed"}');
INSERT INTO ledger.stored_events VALUES (22, '01a222f0-00ea-7595-9b92-4e64ed8a6b72', 6, 'key-made', 1, NULL, '01a222f0-00ea-7595-9b92-4e62ff9c02ee', NULL, NULL, NULL, 1767600000000000, 1767600000000000, '\x', NULL, '{"key_id":"4fef16ec-a6eb-4966-963b-86f6ce04e618","retention_class":"health","commitment":"a9e440434bcc8e7a0f53fab901e5b16c61d93f51bc5fe5c366e60db23f5fbdba"}');
INSERT INTO ledger.stored_events VALUES (23, '01a222f0-00ea-7595-9b92-4e64ed8a6b72', 7, 'role-granted', 1, '01a222f0-011e-7046-8ae8-3ce8b7c94141', '01a222f0-00ea-7595-9b92-4e62ff9c02ee', NULL, NULL, NULL, 1767600000000000, 1767600000000000, '\x00f3f4bb6d16ded06312d826bdf89948b5f976a51223e89a5ffed05d6f3bc0ee', NULL, '{"grant_id":"01a222f0-011e-7046-8ae8-3ce9e37b2b4f","role":"ap-staff","from_date":"2026-01-01"}');
INSERT INTO ledger.stored_events VALUES (24, '01a222f0-00ea-7595-9b92-4e65495a3d90', 1, 'person-added', 1, '01a222f0-0123-70f3-99fd-b3c281abbd3b', '01a222f0-00ea-7595-9b92-4e62ff9c02ee', NULL, NULL, NULL, 1767600000000000, 1767600000000000, '\x4192a6caf9306e86c97a814bbc7487cf4e4cd77c953ddd5ccf8d04095295a110', '\x87f69e5333107a58d9b45abf27dca451b87e58f27c2964f5b59e2ece135435ae', '{}');
INSERT INTO ledger.stored_events VALUES (25, '01a222f0-00ea-7595-9b92-4e65495a3d90', 2, 'key-made', 1, NULL, '01a222f0-00ea-7595-9b92-4e62ff9c02ee', NULL, NULL, NULL, 1767600000000000, 1767600000000000, '\x', NULL, '{"key_id":"63cfbd67-9b02-435b-8577-77b73f01572c","retention_class":"core","commitment":"f8ce01b75ca75125daf1877b8e27ee3aa4ae8ca00041f9b3ec519a0d3d5c9127"}');
INSERT INTO ledger.stored_events VALUES (26, '01a222f0-00ea-7595-9b92-4e65495a3d90', 3, 'key-made', 1, NULL, '01a222f0-00ea-7595-9b92-4e62ff9c02ee', NULL, NULL, NULL, 1767600000000000, 1767600000000000, '\x', NULL, '{"key_id":"a484d91d-5db4-42da-918a-fbd3818f735d","retention_class":"learning","commitment":"0dba72ca686caf337373fa2463ba3dac00ed97331c0ac6941130dd5d49ad5bab"}');
INSERT INTO ledger.stored_events VALUES (27, '01a222f0-00ea-7595-9b92-4e65495a3d90', 4, 'key-made', 1, NULL, '01a222f0-00ea-7595-9b92-4e62ff9c02ee', NULL, NULL, NULL, 1767600000000000, 1767600000000000, '\x', NULL, '{"key_id":"cba294be-2366-4845-848c-ca3458b25a1f","retention_class":"behaviour","commitment":"fa3716573a6dd87f4cdd0413e90308995fecdb3ba7b19526ede80c2fe3a64b0c"}');
INSERT INTO ledger.stored_events VALUES (28, '01a222f0-00ea-7595-9b92-4e65495a3d90', 5, 'key-made', 1, NULL, '01a222f0-00ea-7595-9b92-4e62ff9c02ee', NULL, NULL, NULL, 1767600000000000, 1767600000000000, '\x', NULL, '{"key_id":"cf24e67c-84c4-4bf7-b429-d82f138016f4","retention_class":"safeguarding","commitment":"df6ceac8abaca511f0d1547d7ea9fb0b95f6eba3f311931273820f1efc448d9a"}');
INSERT INTO ledger.stored_events VALUES (29, '01a222f0-00ea-7595-9b92-4e65495a3d90', 6, 'key-made', 1, NULL, '01a222f0-00ea-7595-9b92-4e62ff9c02ee', NULL, NULL, NULL, 1767600000000000, 1767600000000000, '\x', NULL, '{"key_id":"56b07bd4-c9fa-4e08-9260-6be8ed3a2f1e","retention_class":"health","commitment":"86ce2ed7701190cea417e203a235af91e3fcd5aecacfc3b1aad36a14b11f4449"}');
INSERT INTO ledger.stored_events VALUES (30, '01a222f0-00ea-7595-9b92-4e65495a3d90', 7, 'role-granted', 1, '01a222f0-012b-738b-820b-50f91b5dd42c', '01a222f0-00ea-7595-9b92-4e62ff9c02ee', NULL, NULL, NULL, 1767600000000000, 1767600000000000, '\x418399cce36864f9f40749e1084c59a1896f97cbe6339c38e707869211fedba9', NULL, '{"grant_id":"01a222f0-012b-738b-820b-50fa59f92277","role":"leader","from_date":"2026-01-01"}');
INSERT INTO ledger.stored_events VALUES (31, '9da88367-2274-54a5-8e7e-7e220b193357', 1, 'framework-published', 1, '01a222f0-0131-72ba-add2-ed4a7cd5fd6f', '01a222f0-00ea-7595-9b92-4e62ff9c02ee', NULL, NULL, NULL, 1767600000000000, 1767600000000000, '\x5c4772dbed2fdb9b6f18f0cd8132f112b286880b44dc1950e04d8e6cdc8a1818', NULL, '{"framework_id":"default-ladder","version":1,"kind":"ladder","content_hash":"1de61a65ee5877a9f379e2f2ff02cc192a214abc0d4176faf8db8e4c2c40de04","definition":{"id":"default-ladder","version":1,"kind":"ladder","title":"Attendance ladder","summary":"How far contact got, from nobody at home to a whole session without support.","licence":{"name":"CC BY 4.0","use":"ship"},"rungs":[{"id":"no-contact","short":"No contact","icon":"door-closed","label":"No contact","plain":"Nobody answered today"},{"id":"carer-only","short":"Carer only","icon":"users","label":"Carer only","plain":"We spoke with someone at home"},{"id":"hostile-contact","short":"Angry, or refused","icon":"message-circle-off","label":"Angry or refusing contact","plain":"You told us to go away. We heard you"},{"id":"through-door","short":"Through a door, or text","icon":"ear","label":"Talks through a door, or by text","plain":"You talked with us from behind a door"},{"id":"face-to-face","short":"Face to face","icon":"door-open","label":"Face to face, brief","plain":"We saw each other"},{"id":"shares-space","short":"Together at home","icon":"house","label":"Shares a space or an activity at home","plain":"We did something together at home"},{"id":"goes-out","short":"Went out together","icon":"footprints","label":"Goes out with the mentor","plain":"We went out together"},{"id":"reaches-site","short":"At the gate, in the car","icon":"car","label":"Reaches the site, stays in the car","plain":"You came to the gate"},{"id":"on-site-one-to-one","short":"On site, one to one","icon":"user-check","label":"On site, one to one","plain":"You worked with one of us on site","on_site":true,"supervised":true},{"id":"part-session","short":"Part of a group","icon":"school","label":"Joins part of a group session","plain":"You joined in for a while","on_site":true,"supervised":true},{"id":"whole-session-supported","short":"Whole, with support","icon":"hand-helping","label":"Whole session, with support","plain":"You stayed for it all with help","on_site":true,"supervised":true},{"id":"whole-session-independent","short":"Whole, on their own","icon":"star","label":"Whole session, independent","plain":"You did it all on your own","on_site":true,"supervised":true}]}}');
INSERT INTO ledger.stored_events VALUES (32, '012990f5-90e1-551b-b4a8-ecea50762ec4', 1, 'framework-published', 1, '01a222f0-0136-769d-a259-15a4d30833c0', '01a222f0-00ea-7595-9b92-4e62ff9c02ee', NULL, NULL, NULL, 1767600000000000, 1767600000000000, '\x65432ae3ccbdd017045621a5431f6021083a7db66917d441d4799718c2cb37d2', NULL, '{"framework_id":"personal-goal","version":1,"kind":"outcomes","content_hash":"4269a602fb619553af4c457aa90e1cc45be65a8a9c24731039309e206718f461","definition":{"id":"personal-goal","version":1,"kind":"outcomes","title":"My own goal, 0 to 10","summary":"Up to a handful of goals in the student''s own words. Each has its own starting point and is never compared with anybody else''s.","licence":{"name":"CC BY 4.0","holder":"the AP Ledger authors","use":"ship"},"cadence":"week","informants":["student","mentor","teacher","carer"],"no_total":true,"default_scale":"how-close","scales":[{"id":"how-close","type":"numeric","min":0,"max":10,"step":1,"unit":"of 10"}],"items":[{"id":"goal","label":"A goal of my own","plain":"0 is as far away as it can be, 10 is there","per_student":true,"observable":"review"}]}}');
INSERT INTO ledger.stored_events VALUES (33, '01a222f0-013b-7269-878f-c2a9654920a5', 1, 'student-admitted', 1, '01a222f0-013b-7269-878f-c2aa0890beaf', '01a222f0-00ea-7595-9b92-4e62ff9c02ee', '01a222f0-013b-7269-878f-c2a9654920a5', '01a222f0-00ea-7595-9b92-4e64ed8a6b72', NULL, 1767600000000000, 1767600000000000, '\xa9943a05b6c13930ab9de2fd7a88a169f55cf59603bd257cd8004bc0be0252fc', NULL, '{"on":"2026-01-05"}');
INSERT INTO ledger.stored_events VALUES (34, '01a222f0-013b-7269-878f-c2a9654920a5', 2, 'key-made', 1, NULL, '01a222f0-00ea-7595-9b92-4e62ff9c02ee', '01a222f0-013b-7269-878f-c2a9654920a5', '01a222f0-00ea-7595-9b92-4e64ed8a6b72', NULL, 1767600000000000, 1767600000000000, '\x', NULL, '{"key_id":"1a5b75e9-3b83-428d-b0df-9d7e4a488c6b","retention_class":"core","commitment":"afc7d8c623cb85daf5b902a44af9939005fce805263d44e4677bb2b34e22aa0c"}');
INSERT INTO ledger.stored_events VALUES (35, '01a222f0-013b-7269-878f-c2a9654920a5', 3, 'key-made', 1, NULL, '01a222f0-00ea-7595-9b92-4e62ff9c02ee', '01a222f0-013b-7269-878f-c2a9654920a5', '01a222f0-00ea-7595-9b92-4e64ed8a6b72', NULL, 1767600000000000, 1767600000000000, '\x', NULL, '{"key_id":"b0704c12-39d3-41b5-8ed3-ce0314b736ae","retention_class":"learning","commitment":"88b56023d150c79f7d81bce6882237fbdfbdae3853ca29582f1b4031c8d7b092"}');
INSERT INTO ledger.stored_events VALUES (36, '01a222f0-013b-7269-878f-c2a9654920a5', 4, 'key-made', 1, NULL, '01a222f0-00ea-7595-9b92-4e62ff9c02ee', '01a222f0-013b-7269-878f-c2a9654920a5', '01a222f0-00ea-7595-9b92-4e64ed8a6b72', NULL, 1767600000000000, 1767600000000000, '\x', NULL, '{"key_id":"0d5d6ccf-e2c2-4bc3-9357-908ebc81d17f","retention_class":"behaviour","commitment":"2d2bbce0a142116ecffbe9acfc196aa5663ebcd987620605b38cb2ebb98d0d98"}');
INSERT INTO ledger.stored_events VALUES (37, '01a222f0-013b-7269-878f-c2a9654920a5', 5, 'key-made', 1, NULL, '01a222f0-00ea-7595-9b92-4e62ff9c02ee', '01a222f0-013b-7269-878f-c2a9654920a5', '01a222f0-00ea-7595-9b92-4e64ed8a6b72', NULL, 1767600000000000, 1767600000000000, '\x', NULL, '{"key_id":"dc9f54a4-4e61-47f7-afb5-d4d9408a92c2","retention_class":"safeguarding","commitment":"01cd1ffe0e362ff7b17b6258b58761cf56103c0d379a573e583f2d63e4df4bd8"}');
INSERT INTO ledger.stored_events VALUES (38, '01a222f0-013b-7269-878f-c2a9654920a5', 6, 'key-made', 1, NULL, '01a222f0-00ea-7595-9b92-4e62ff9c02ee', '01a222f0-013b-7269-878f-c2a9654920a5', '01a222f0-00ea-7595-9b92-4e64ed8a6b72', NULL, 1767600000000000, 1767600000000000, '\x', NULL, '{"key_id":"04a156ab-8fe0-44f4-9ce9-bc6fa7075265","retention_class":"health","commitment":"2408fadffaff1a06dba38dad1d536ed965afb5bb8432b9e10ceb12e7377ff563"}');
INSERT INTO ledger.stored_events VALUES (39, '01a222f0-013b-7269-878f-c2a9654920a5', 7, 'student-identified', 1, '01a222f0-0144-77ad-ba30-dc916a5f2ae0', '01a222f0-00ea-7595-9b92-4e62ff9c02ee', '01a222f0-013b-7269-878f-c2a9654920a5', '01a222f0-00ea-7595-9b92-4e64ed8a6b72', NULL, 1767600000000000, 1767600000000000, '\xe16707a73ed3068d7a0e9359635c598bbc19fd107bd8f59d6442237cca2541ff', '\xc24916b83a0ae35a81ffc3b52a426720442d6ba9005cf34edc4772ea31fa0773', '{}');
INSERT INTO ledger.stored_events VALUES (40, '01a222f0-013b-7269-878f-c2a9654920a5', 8, 'placement-started', 1, '01a222f0-0149-7178-91b6-d3f7f4563a1a', '01a222f0-00ea-7595-9b92-4e62ff9c02ee', '01a222f0-013b-7269-878f-c2a9654920a5', '01a222f0-00ea-7595-9b92-4e64ed8a6b72', NULL, 1767600000000000, 1767600000000000, '\xbe362692fce63b6f1d16f29c5452bbde44722d78fbac3bf0cd13f56f5dde27f1', NULL, '{"placement_id":"01a222f0-0149-7178-91b6-d3f85691f5f9","start":"2026-01-05","commissioner_id":"01a222f0-0104-7631-bd19-49abe439cc6b","purpose":"outreach","dual_registered":false}');
INSERT INTO ledger.stored_events VALUES (41, '01a222f0-013b-7269-878f-c2a9654920a5', 9, 'student-expected', 1, '01a222f0-0150-7757-ae90-cad04946dd86', '01a222f0-00ea-7595-9b92-4e62ff9c02ee', '01a222f0-013b-7269-878f-c2a9654920a5', '01a222f0-00ea-7595-9b92-4e64ed8a6b72', NULL, 1767600000000000, 1767600000000000, '\x64bbab2b8f68f75b818f68583f54c5ad32672ed7a14409b79cbe44d55238d21e', NULL, '{"from_date":"2026-01-05","days":[{"weekday":1,"slots":["lesson","break","lunch"]},{"weekday":2,"slots":["lesson","break","lunch"]},{"weekday":3,"slots":["lesson","break","lunch"]},{"weekday":4,"slots":["lesson","break","lunch"]},{"weekday":5,"slots":["lesson","break","lunch"]}]}');
INSERT INTO ledger.stored_events VALUES (42, '01a222f0-013b-7269-878f-c2a9654920a5', 10, 'mentor-assigned', 1, '01a222f0-0155-7577-a4c9-71afcc52318a', '01a222f0-00ea-7595-9b92-4e62ff9c02ee', '01a222f0-013b-7269-878f-c2a9654920a5', '01a222f0-00ea-7595-9b92-4e64ed8a6b72', NULL, 1767600000000000, 1767600000000000, '\x6982fa22a1123e5d462456c98b0c01a07cfb2ed5292f9d96095b71958957d258', NULL, '{"person_id":"01a222f0-00ea-7595-9b92-4e638909a58a","from_date":"2026-01-05"}');
INSERT INTO ledger.stored_events VALUES (43, '01a222f0-015b-70fb-8259-e4bc6e7f8b51', 1, 'student-admitted', 1, '01a222f0-015b-70fb-8259-e4bd395b52f1', '01a222f0-00ea-7595-9b92-4e62ff9c02ee', '01a222f0-015b-70fb-8259-e4bc6e7f8b51', '01a222f0-00ea-7595-9b92-4e64ed8a6b72', NULL, 1767600000000000, 1767600000000000, '\xd63c86e977433fcdbc0911e1d1588b2fd65b6d3edbd657abdbf36b09bb776464', NULL, '{"on":"2026-01-05"}');
INSERT INTO ledger.stored_events VALUES (44, '01a222f0-015b-70fb-8259-e4bc6e7f8b51', 2, 'key-made', 1, NULL, '01a222f0-00ea-7595-9b92-4e62ff9c02ee', '01a222f0-015b-70fb-8259-e4bc6e7f8b51', '01a222f0-00ea-7595-9b92-4e64ed8a6b72', NULL, 1767600000000000, 1767600000000000, '\x', NULL, '{"key_id":"5d76af90-f515-40f0-bef1-94b753e1ac57","retention_class":"core","commitment":"52d59d88be816342e0cbba7d2010df8228243a1f99a592702eed7212ba94c41c"}');
INSERT INTO ledger.stored_events VALUES (45, '01a222f0-015b-70fb-8259-e4bc6e7f8b51', 3, 'key-made', 1, NULL, '01a222f0-00ea-7595-9b92-4e62ff9c02ee', '01a222f0-015b-70fb-8259-e4bc6e7f8b51', '01a222f0-00ea-7595-9b92-4e64ed8a6b72', NULL, 1767600000000000, 1767600000000000, '\x', NULL, '{"key_id":"de787ea9-d04e-477b-ad24-8b616e407c93","retention_class":"learning","commitment":"de41ee98bf3c3dcb312ff3c66b89736f4b405ad0896894dc31b6a49478503928"}');
INSERT INTO ledger.stored_events VALUES (46, '01a222f0-015b-70fb-8259-e4bc6e7f8b51', 4, 'key-made', 1, NULL, '01a222f0-00ea-7595-9b92-4e62ff9c02ee', '01a222f0-015b-70fb-8259-e4bc6e7f8b51', '01a222f0-00ea-7595-9b92-4e64ed8a6b72', NULL, 1767600000000000, 1767600000000000, '\x', NULL, '{"key_id":"bee0b4f0-1e46-4777-9a26-3192aacd1565","retention_class":"behaviour","commitment":"ed7106174f834c4cb68e4fb758dae4801da04ca75c211776242deff350335ef6"}');
INSERT INTO ledger.stored_events VALUES (47, '01a222f0-015b-70fb-8259-e4bc6e7f8b51', 5, 'key-made', 1, NULL, '01a222f0-00ea-7595-9b92-4e62ff9c02ee', '01a222f0-015b-70fb-8259-e4bc6e7f8b51', '01a222f0-00ea-7595-9b92-4e64ed8a6b72', NULL, 1767600000000000, 1767600000000000, '\x', NULL, '{"key_id":"aed04c1e-9c4b-434e-8d5e-6f4bbb001de8","retention_class":"safeguarding","commitment":"ea832b73170c1aca951c233fd611f54ee9a7edb46a935336a499089eb2398f28"}');
INSERT INTO ledger.stored_events VALUES (48, '01a222f0-015b-70fb-8259-e4bc6e7f8b51', 6, 'key-made', 1, NULL, '01a222f0-00ea-7595-9b92-4e62ff9c02ee', '01a222f0-015b-70fb-8259-e4bc6e7f8b51', '01a222f0-00ea-7595-9b92-4e64ed8a6b72', NULL, 1767600000000000, 1767600000000000, '\x', NULL, '{"key_id":"2ea4b5f1-313e-4cff-9f4a-88ca4ad8b2d0","retention_class":"health","commitment":"519fb3b0a085f73f912c8347c40653d57e3773a1641797e403d40d2fb106101f"}');
INSERT INTO ledger.stored_events VALUES (49, '01a222f0-015b-70fb-8259-e4bc6e7f8b51', 7, 'student-identified', 1, '01a222f0-0164-70f3-9063-b99c94c43478', '01a222f0-00ea-7595-9b92-4e62ff9c02ee', '01a222f0-015b-70fb-8259-e4bc6e7f8b51', '01a222f0-00ea-7595-9b92-4e64ed8a6b72', NULL, 1767600000000000, 1767600000000000, '\x39d76c4c62e829ab6758da76fc6ee8cefb76cfac037d5473d09eeedbc1656bd5', '\x304206b733455cc8ac013ca4f15cdc8428cb8ec6e5e0f48d89eeab55f8d833f5', '{}');
INSERT INTO ledger.stored_events VALUES (50, '01a222f0-015b-70fb-8259-e4bc6e7f8b51', 8, 'placement-started', 1, '01a222f0-0169-76ad-a55c-2d0598e796e3', '01a222f0-00ea-7595-9b92-4e62ff9c02ee', '01a222f0-015b-70fb-8259-e4bc6e7f8b51', '01a222f0-00ea-7595-9b92-4e64ed8a6b72', NULL, 1767600000000000, 1767600000000000, '\x4806b009ca00912c6f4ba118018268f619696ab7d3c017be5b2d3c5181d40df7', NULL, '{"placement_id":"01a222f0-0169-76ad-a55c-2d0655c0738a","start":"2026-01-05","commissioner_id":"01a222f0-0104-7631-bd19-49abe439cc6b","purpose":"outreach","dual_registered":false}');
INSERT INTO ledger.stored_events VALUES (51, '01a222f0-015b-70fb-8259-e4bc6e7f8b51', 9, 'student-expected', 1, '01a222f0-016e-75fd-9384-c816b2505c33', '01a222f0-00ea-7595-9b92-4e62ff9c02ee', '01a222f0-015b-70fb-8259-e4bc6e7f8b51', '01a222f0-00ea-7595-9b92-4e64ed8a6b72', NULL, 1767600000000000, 1767600000000000, '\x62920e0f903a9ac923a34b61865f65487b24c6fe873adbb797ba0d30d6b9e485', NULL, '{"from_date":"2026-01-05","days":[{"weekday":1,"slots":["lesson","break","lunch"]},{"weekday":2,"slots":["lesson","break","lunch"]},{"weekday":3,"slots":["lesson","break","lunch"]},{"weekday":4,"slots":["lesson","break","lunch"]},{"weekday":5,"slots":["lesson","break","lunch"]}]}');
INSERT INTO ledger.stored_events VALUES (52, '01a222f0-015b-70fb-8259-e4bc6e7f8b51', 10, 'mentor-assigned', 1, '01a222f0-0173-76b7-9329-a4e2a4054855', '01a222f0-00ea-7595-9b92-4e62ff9c02ee', '01a222f0-015b-70fb-8259-e4bc6e7f8b51', '01a222f0-00ea-7595-9b92-4e64ed8a6b72', NULL, 1767600000000000, 1767600000000000, '\xdd9e342e112b1b18afe4d7e63504e551826cdc481355d47a2a2f44a61d96029e', NULL, '{"person_id":"01a222f0-00ea-7595-9b92-4e638909a58a","from_date":"2026-01-05"}');
INSERT INTO ledger.stored_events VALUES (53, '01a222f0-0177-72fa-90fa-2e595c8143e3', 1, 'device-enrolled', 1, '01a222f0-0177-72fa-90fa-2e5ab58e6643', '01a222f0-00ea-7595-9b92-4e62ff9c02ee', NULL, '01a222f0-00ea-7595-9b92-4e65495a3d90', NULL, 1767600000000000, 1767600000000000, '\x3044a5f041f67c30515ec32fac6143a9543a284b8ce0f0eabb9ed5e39c8d5748', '\x04efd3adb3f61c8a24fed4b101077206e6b46a5f2c6ef985231ad154ce916a92', '{"kind":"phone"}');
INSERT INTO ledger.stored_events VALUES (54, '01a222f0-017b-715a-a9a8-0d1806a0fec4', 1, 'rung-reached', 1, NULL, '01a222f0-00ea-7595-9b92-4e62ff9c02ee', '01a222f0-013b-7269-878f-c2a9654920a5', '01a222f0-00ea-7595-9b92-4e638909a58a', NULL, 1772442000000000, 1772532000000000, '\x05455d43230fb5e9ee58054f76872e6af411365d0712e38ebb0b8a141957822c', NULL, '{"device_time":"2026-03-02T09:00:00+00:00","ladder":{"id":"default-ladder","version":1},"rung":"through-door"}');
INSERT INTO ledger.stored_events VALUES (55, '01a222f0-017b-715a-a9a8-0d16268b76bd', 1, 'note-written', 1, NULL, '01a222f0-00ea-7595-9b92-4e62ff9c02ee', '01a222f0-013b-7269-878f-c2a9654920a5', '01a222f0-00ea-7595-9b92-4e638909a58a', NULL, 1772442000000000, 1772532000000000, '\x0fe76fb8c9600b6f6965c93d354c600b4f7250f633609066437df2dac15fc7f5', '\x718b9589df93f4238c4a22dac401d0d24467ace8ff78e325c8b1b059f27090cf', '{"device_time":"2026-03-02T09:00:00+00:00","retention_class":"learning"}');
INSERT INTO ledger.stored_events VALUES (56, '01a222f0-017b-715a-a9a8-0d17d5536677', 1, 'session-attended', 1, NULL, '01a222f0-00ea-7595-9b92-4e62ff9c02ee', '01a222f0-013b-7269-878f-c2a9654920a5', '01a222f0-00ea-7595-9b92-4e638909a58a', NULL, 1772528400000000, 1772532000000000, '\xa60febb1d10b29dd160d1319b8589623eb1ee24e63abe153a12acbfff56a3871', NULL, '{"device_time":"2026-03-03T09:00:00+00:00","session":{"date":"2026-03-03","slot":"lesson"},"planned_start":"2026-03-03T09:00:00+00:00","planned_end":"2026-03-03T10:00:00+00:00","actual_start":"2026-03-03T09:00:00+00:00","actual_end":"2026-03-03T10:00:00+00:00","supervised_by":"01a222f0-00ea-7595-9b92-4e64ed8a6b72"}');
INSERT INTO ledger.stored_events VALUES (57, '01a222f0-017b-715a-a9a8-0d19f5b4c675', 1, 'incident-recorded', 1, NULL, '01a222f0-00ea-7595-9b92-4e62ff9c02ee', '01a222f0-013b-7269-878f-c2a9654920a5', '01a222f0-00ea-7595-9b92-4e638909a58a', NULL, 1772528400000000, 1772532000000000, '\x177b766bf10da914eaa965141d999d779b2ccd7e7d04de8bd9db8d718dfb8c5c', '\xee243a64a8acdba1feacea016d7f8bd3549ce679e288219acfa3dc205cb87cd4', '{"device_time":"2026-03-03T09:00:00+00:00","category":"left-the-room","restrictive":false,"minutes":5}');
INSERT INTO ledger.stored_events VALUES (58, 'c1fc6c45-dfaf-4b79-8b05-570bf0958de8', 1, 'sealed-record', 1, '01a222f0-0181-769f-b4af-a1870e2bf57b', '01a222f0-00ea-7595-9b92-4e62ff9c02ee', NULL, NULL, NULL, 1772528400000000, 1772532000000000, '\x8aa834bd7392a57cbd513fbf0796cb497e3904d0121cef1ba8846150d4ffe1fe', '\xf31a34c1041c166ef89f8ebdab7f6116e512f0846b8d7012d1769c1f122fa530', '{}');
INSERT INTO ledger.stored_events VALUES (59, '01a222f0-0181-769f-b4af-a188ed5a8cb1', 1, 'voice-heard', 1, NULL, '01a222f0-00ea-7595-9b92-4e62ff9c02ee', '01a222f0-013b-7269-878f-c2a9654920a5', '01a222f0-00ea-7595-9b92-4e638909a58a', NULL, 1772528400000000, 1772532000000000, '\x936b751618f0e6d94273fff09b9e724da632e5b2e1ebfee17387deffb37c1d60', '\x46c5a5e2e3b37cae1aad78fa4a31fb1aa72b409cb30f93f92e4b182775887dba', '{"device_time":"2026-03-03T09:00:00+00:00","speaker":"student","face":4}');
INSERT INTO ledger.stored_events VALUES (60, '01a222f0-017b-715a-a9a8-0d1806a0fec4', 2, 'entry-corrected', 1, '01a222f0-0181-769f-b4af-a189073e2742', '01a222f0-00ea-7595-9b92-4e62ff9c02ee', '01a222f0-013b-7269-878f-c2a9654920a5', '01a222f0-00ea-7595-9b92-4e638909a58a', NULL, 1772528400000000, 1772532000000000, '\xb7086bcfd8df5ad5fc46efca95fe0b4f89464c747d5ea700aaf4840b66a2e4f3', '\x493909ca15347b41d7d70f402d66a7a3e2ab82fca156b012f97e4b653a190796', '{"device_time":"2026-03-03T09:00:00+00:00","replacement":{"id":"01a222f0-017b-715a-a9a8-0d1806a0fec4","kind":"rung-reached","setting_id":"01a222f0-00ea-7595-9b92-4e62ff9c02ee","student_id":"01a222f0-013b-7269-878f-c2a9654920a5","author_id":"01a222f0-00ea-7595-9b92-4e638909a58a","device_time":"2026-03-02T09:00:00+00:00","ladder":{"id":"default-ladder","version":1},"rung":"face-to-face"},"reason_code":"mistake","replacement_kind":"rung-reached","replacement_occurred_at":"2026-03-02T09:00:00+00:00"}');
INSERT INTO ledger.stored_events VALUES (61, '01a222f0-017b-715a-a9a8-0d19f5b4c675', 2, 'entry-voided', 1, '01a222f0-0181-769f-b4af-a18abd41b4dd', '01a222f0-00ea-7595-9b92-4e62ff9c02ee', '01a222f0-013b-7269-878f-c2a9654920a5', '01a222f0-00ea-7595-9b92-4e638909a58a', NULL, 1772528400000000, 1772532000000000, '\x9c83d3b5dc3f0a25202276639fe7df4912d06056bb03b3919daadeab6926aa7c', NULL, '{"device_time":"2026-03-03T09:00:00+00:00","reason_code":"wrong-student"}');
ALTER TABLE ONLY accounts.accounts
    ADD CONSTRAINT accounts_pkey PRIMARY KEY (person_id);
ALTER TABLE ONLY accounts.accounts
    ADD CONSTRAINT accounts_sign_in_name_key UNIQUE (sign_in_name);
ALTER TABLE ONLY accounts.devices
    ADD CONSTRAINT devices_hash_key UNIQUE (hash);
ALTER TABLE ONLY accounts.devices
    ADD CONSTRAINT devices_pkey PRIMARY KEY (device_id);
ALTER TABLE ONLY accounts.links
    ADD CONSTRAINT links_pkey PRIMARY KEY (hash);
ALTER TABLE ONLY accounts.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (hash);
ALTER TABLE ONLY accounts.tokens
    ADD CONSTRAINT tokens_pkey PRIMARY KEY (hash);
ALTER TABLE ONLY held.device_clocks
    ADD CONSTRAINT device_clocks_pkey PRIMARY KEY (device_id);
ALTER TABLE ONLY held.drafts
    ADD CONSTRAINT drafts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY held.held
    ADD CONSTRAINT held_pkey PRIMARY KEY (id);
ALTER TABLE ONLY keyring.about
    ADD CONSTRAINT about_pkey PRIMARY KEY (ledger_id);
ALTER TABLE ONLY keyring.intentions
    ADD CONSTRAINT intentions_pkey PRIMARY KEY (command_id);
ALTER TABLE ONLY keyring.keys
    ADD CONSTRAINT keys_pkey PRIMARY KEY (key_id);
ALTER TABLE ONLY ledger.head
    ADD CONSTRAINT head_pkey PRIMARY KEY (only_row);
ALTER TABLE ONLY ledger.sealed
    ADD CONSTRAINT sealed_pkey PRIMARY KEY ("position", retention_class);
ALTER TABLE ONLY ledger.stored_events
    ADD CONSTRAINT stored_events_pkey PRIMARY KEY ("position");
CREATE INDEX ix_sessions_person_id ON accounts.sessions USING btree (person_id);
CREATE INDEX ix_tokens_person_id ON accounts.tokens USING btree (person_id);
CREATE INDEX presence_of ON accounts.presence USING btree (device_id, person_id);
CREATE INDEX tries_of ON accounts.tries USING btree (who, at);
CREATE INDEX ix_drafts_student_id ON held.drafts USING btree (student_id);
CREATE INDEX ix_held_target_id ON held.held USING btree (target_id);
CREATE INDEX keys_owner ON keyring.keys USING btree (owner_id, retention_class);
CREATE UNIQUE INDEX stored_events_command ON ledger.stored_events USING btree (command_id) WHERE (command_id IS NOT NULL);
CREATE UNIQUE INDEX stored_events_stream ON ledger.stored_events USING btree (originator_id, originator_version);
CREATE TRIGGER sealed_never_changes BEFORE UPDATE OR TRUNCATE ON ledger.sealed FOR EACH STATEMENT EXECUTE FUNCTION ledger.never_change();
CREATE TRIGGER stored_events_never_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger.stored_events FOR EACH STATEMENT EXECUTE FUNCTION ledger.never_change();
