<?php

declare(strict_types=1);

namespace Cognate\Laravel;

use Cognate\Laravel\Files\FileWaits;
use Cognate\Laravel\Files\KnownFiles;
use Illuminate\Database\Connection;
use Illuminate\Database\Schema\Blueprint;

/** The package's own tables: on each connection that has syncable models, as they are written in the transactions of these. */
final class OwnTables
{
    private const TABLES = [Outbox::TABLE, Inbox::TABLE, Settings::TABLE, KnownFiles::TABLE, FileWaits::TABLE];

    public static function create(Connection $connection): void
    {
        $schema = $connection->getSchemaBuilder();
        // Local ids of one model may differ by the case of their letters alone.
        $exact = static function (Blueprint $table) use ($connection): void {
            if (in_array($connection->getDriverName(), ['mysql', 'mariadb'], true)) {
                $table->charset = 'utf8mb4';
                $table->collation = 'utf8mb4_bin';
            }
        };
        if (!$schema->hasTable(Outbox::TABLE)) {
            $schema->create(Outbox::TABLE, static function (Blueprint $table) use ($exact): void {
                $exact($table);
                $table->bigIncrements('id');
                $table->string('change_id', 32);
                $table->string('model', 190);
                $table->string('local_id', 512);
                $table->smallInteger('operation');
                $table->longText('fields')->nullable();
                $table->text('changed')->nullable();
                $table->bigInteger('source_time');
                $table->integer('attempts')->default(0);
                $table->boolean('refused')->default(false);
                $table->text('error')->nullable();
                $table->index(['model', 'local_id'], 'cognate_outbox_record');
                $table->index(['refused', 'id'], 'cognate_outbox_order');
            });
        }
        if (!$schema->hasTable(Inbox::TABLE)) {
            $schema->create(Inbox::TABLE, static function (Blueprint $table) use ($exact): void {
                $exact($table);
                $table->bigIncrements('id');
                $table->string('entity_id', 36)->nullable();
                $table->string('model', 190);
                $table->string('local_id', 512);
                $table->bigInteger('version')->default(0);
                $table->bigInteger('floor')->default(0);
                $table->string('hash', 32)->nullable();
                $table->boolean('deleted')->default(false);
                $table->string('source', 32)->nullable();
                $table->boolean('reported')->default(true);
                $table->unique(['model', 'local_id'], 'cognate_inbox_record');
                $table->unique(['entity_id', 'model'], 'cognate_inbox_entity');
                $table->index(['source', 'model'], 'cognate_inbox_source');
                $table->index(['reported', 'id'], 'cognate_inbox_reported');
            });
        }
        if (!$schema->hasTable(Settings::TABLE)) {
            $schema->create(Settings::TABLE, static function (Blueprint $table) use ($exact): void {
                $exact($table);
                $table->string('name', 190)->primary();
                $table->longText('value')->nullable();
                $table->bigInteger('expires')->default(0);
            });
        }
        if (!$schema->hasTable(KnownFiles::TABLE)) {
            $schema->create(KnownFiles::TABLE, static function (Blueprint $table) use ($exact): void {
                $exact($table);
                $table->bigIncrements('id');
                $table->string('name', 64)->unique('cognate_files_name');
                $table->string('path_name', 64)->index('cognate_files_path');
                $table->string('disk', 190);
                $table->text('path');
                $table->string('stamp', 190)->nullable();
                $table->string('sha256', 64)->nullable()->index('cognate_files_sha256');
                $table->bigInteger('size')->default(0);
                $table->text('upload')->nullable();
                $table->string('draft', 64)->nullable()->index('cognate_files_draft');
                $table->integer('attempts')->default(0);
                $table->bigInteger('next_attempt')->default(0);
                $table->text('error')->nullable();
            });
        }
        if (!$schema->hasTable(FileWaits::TABLE)) {
            $schema->create(FileWaits::TABLE, static function (Blueprint $table) use ($exact): void {
                $exact($table);
                $table->bigIncrements('id');
                $table->string('name', 64)->unique('cognate_file_waits_name');
                $table->string('record', 64)->index('cognate_file_waits_record');
                $table->string('model', 190);
                $table->string('local_id', 512);
                $table->string('field', 190);
                $table->string('disk', 190);
                $table->text('path');
                $table->string('reason', 100);
                $table->text('message');
                $table->bigInteger('next_look')->default(0);
                $table->integer('looks')->default(0);
                $table->index(['reason', 'next_look'], 'cognate_file_waits_due');
            });
        }
    }

    public static function drop(Connection $connection): void
    {
        foreach (self::TABLES as $table) {
            $connection->getSchemaBuilder()->dropIfExists($table);
        }
    }

    /** @return list<string> tables that are not there */
    public static function missing(Connection $connection): array
    {
        $schema = $connection->getSchemaBuilder();
        return array_values(array_filter(self::TABLES, static fn (string $table): bool => !$schema->hasTable($table)));
    }
}
