<?php

declare(strict_types=1);

namespace Cognate\Laravel;

use Illuminate\Database\Connection;
use Illuminate\Database\Schema\Blueprint;

/** The package's own tables: on each connection that has syncable models, as they are written in the transactions of these. */
final class OwnTables
{
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
    }

    public static function drop(Connection $connection): void
    {
        foreach ([Outbox::TABLE, Inbox::TABLE, Settings::TABLE] as $table) {
            $connection->getSchemaBuilder()->dropIfExists($table);
        }
    }

    /** @return list<string> tables that are not there */
    public static function missing(Connection $connection): array
    {
        $schema = $connection->getSchemaBuilder();
        return array_values(array_filter([Outbox::TABLE, Inbox::TABLE, Settings::TABLE], static fn (string $table): bool => !$schema->hasTable($table)));
    }
}
