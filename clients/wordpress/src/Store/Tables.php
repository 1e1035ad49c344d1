<?php

declare(strict_types=1);

namespace Cognate\WordPress\Store;

/** The plugin's own tables, beside WordPress' and in the same database, so that a transaction has both. */
final class Tables
{
    private const VERSION = '1';
    public const OUTBOX = 'cognate_outbox';
    public const INBOX = 'cognate_inbox';
    public const FACTS = 'cognate_facts';
    public const FILES = 'cognate_files';
    public const ALL = [self::OUTBOX, self::INBOX, self::FACTS, self::FILES];
    private const DEFINITIONS = [
        self::OUTBOX => 'id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, model varchar(80) NOT NULL, local_id varchar(191) NOT NULL,
            token char(32) NOT NULL, source_time bigint NOT NULL, ready_time bigint NOT NULL, error text NULL,
            UNIQUE KEY record (model, local_id)',
        self::INBOX => 'id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, entity_id char(36) NULL, model varchar(80) NOT NULL,
            local_id varchar(191) NOT NULL, version bigint NOT NULL, floor bigint NOT NULL DEFAULT 0, base mediumtext NULL,
            deleted tinyint NOT NULL DEFAULT 0, source char(32) NULL, reported tinyint NOT NULL DEFAULT 1,
            UNIQUE KEY record (model, local_id), KEY entity (entity_id, model), KEY source (source), KEY reported (reported)',
        self::FACTS => 'name varchar(80) NOT NULL PRIMARY KEY, value mediumtext NULL',
        self::FILES => 'path_hash char(32) NOT NULL PRIMARY KEY, path varchar(1024) NOT NULL, size_bytes bigint NOT NULL, modify_time bigint NOT NULL,
            sha256 char(64) NOT NULL, stored_time bigint NOT NULL DEFAULT 0, KEY sha256 (sha256)',
    ];

    public static function make(\wpdb $database): void
    {
        // Not utf8mb4_unicode_ci, by which two ids that differ in case would be one.
        foreach (self::DEFINITIONS as $name => $definition) {
            $database->query("CREATE TABLE IF NOT EXISTS `{$database->prefix}$name` ($definition) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC");
        }
        if (self::missing($database) === []) {
            update_option('cognate_tables', self::VERSION, true);
        }
    }

    /** After an update of the plugin nobody activates it again. */
    public static function makeIfOld(\wpdb $database): void
    {
        if (get_option('cognate_tables') !== self::VERSION) {
            self::make($database);
        }
    }

    /** @return list<string> */
    public static function missing(\wpdb $database): array
    {
        $missing = [];
        foreach (self::ALL as $name) {
            $pattern = $database->esc_like($database->prefix . $name);
            if ($database->get_var($database->prepare('SHOW TABLES LIKE %s', $pattern)) === null) {
                $missing[] = $database->prefix . $name;
            }
        }
        return $missing;
    }

    public static function drop(\wpdb $database): void
    {
        foreach (self::ALL as $name) {
            $database->query("DROP TABLE IF EXISTS `{$database->prefix}$name`");
        }
        delete_option('cognate_tables');
    }
}
