<?php

declare(strict_types=1);

namespace Cognate\Laravel\Schema;

use Illuminate\Database\Connection;
use Illuminate\Database\ConnectionInterface;

/**
 * Reads tables out of SQLite, PostgreSQL, MySQL and MariaDB, and remembers them for the life of the process.
 *
 * Laravel's own schema builder says enough of columns from version 11 on only.
 */
final class Tables
{
    /** @var array<string, Table> */
    private array $known = [];

    public function of(ConnectionInterface $connection, string $table): Table
    {
        assert($connection instanceof Connection);
        return $this->known[$connection->getName() . "\0" . $connection->getDatabaseName() . "\0" . $table] ??= $this->read($connection, $table);
    }

    public function forget(): void
    {
        $this->known = [];
    }

    private function read(Connection $connection, string $table): Table
    {
        $name = $connection->getTablePrefix() . $table;
        return match ($connection->getDriverName()) {
            'sqlite' => $this->sqlite($connection, $table, $name),
            'pgsql' => $this->pgsql($connection, $table, $name),
            'mysql', 'mariadb' => $this->mysql($connection, $table, $name),
            default => throw new \RuntimeException("cognate: got a database of the kind {$connection->getDriverName()}, want sqlite, pgsql, mysql or mariadb"),
        };
    }

    private function sqlite(Connection $connection, string $table, string $name): Table
    {
        $quoted = '"' . str_replace('"', '""', $name) . '"';
        $columns = $primary = $uniques = $foreign = [];
        foreach ($connection->select("PRAGMA table_xinfo($quoted)") as $row) {
            // A column that is the whole primary key of integers is filled in by SQLite itself.
            $counts = (int) $row->pk > 0 && strtolower($row->type) === 'integer';
            $columns[$row->name] = Column::of($row->name, $row->type, !$row->notnull && !$row->pk, $row->dflt_value !== null || $counts, (int) $row->hidden >= 2);
            if ((int) $row->pk > 0) {
                $primary[(int) $row->pk] = $row->name;
            }
        }
        ksort($primary);
        foreach ($connection->select("PRAGMA index_list($quoted)") as $index) {
            // A partial index says nothing of all rows.
            if (!(int) $index->unique || $index->origin === 'pk' || (int) $index->partial) {
                continue;
            }
            $members = array_map(static fn ($row) => $row->name, $connection->select('PRAGMA index_info("' . str_replace('"', '""', $index->name) . '")'));
            if (!in_array(null, $members, true)) {
                $uniques[$index->name] = $members;
            }
        }
        foreach ($connection->select("PRAGMA foreign_key_list($quoted)") as $row) {
            $foreign[$row->id] ??= ['name' => "{$name}_{$row->from}_foreign", 'columns' => [], 'table' => $row->table, 'references' => [], 'on_delete' => strtoupper($row->on_delete)];
            $foreign[$row->id]['columns'][] = $row->from;
            $foreign[$row->id]['references'][] = $row->to ?? 'id';
        }
        return new Table($table, $columns, array_values($primary), $uniques, $this->withoutPrefix($connection, array_values($foreign)));
    }

    private function pgsql(Connection $connection, string $table, string $name): Table
    {
        $columns = $primary = $uniques = $foreign = [];
        // to_regclass follows the search path, as the application's own statements do.
        $rows = $connection->select(<<<'SQL'
            SELECT a.attname, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull, a.atthasdef, a.attidentity, a.attgenerated,
                   t.typtype, ARRAY_TO_STRING(ARRAY(SELECT e.enumlabel FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder), E'\n') AS labels
            FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
            WHERE a.attrelid = to_regclass(?) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
            SQL, ['"' . str_replace(['"', '.'], ['""', '"."'], $name) . '"']);
        foreach ($rows as $row) {
            $native = match ($row->type) {
                'integer' => 'int4',
                'timestamp with time zone', 'timestamp without time zone' => $row->type,
                default => $row->typtype === 'e' ? "enum('" . str_replace(["'", "\n"], ["''", "','"], $row->labels) . "')" : $row->type,
            };
            $columns[$row->attname] = Column::of($row->attname, $native, !$row->attnotnull, $row->atthasdef || $row->attidentity !== '', $row->attgenerated !== '');
        }
        $constraints = $connection->select(<<<'SQL'
            SELECT c.conname, c.contype, c.confdeltype, r.relname AS referenced,
                   ARRAY_TO_STRING(ARRAY(SELECT a.attname FROM unnest(c.conkey) WITH ORDINALITY k(n, o)
                     JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.n ORDER BY k.o), E'\n') AS columns,
                   ARRAY_TO_STRING(ARRAY(SELECT a.attname FROM unnest(c.confkey) WITH ORDINALITY k(n, o)
                     JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.n ORDER BY k.o), E'\n') AS to_columns
            FROM pg_constraint c LEFT JOIN pg_class r ON r.oid = c.confrelid
            WHERE c.conrelid = to_regclass(?) AND c.contype IN ('p', 'u', 'f') ORDER BY c.conname
            SQL, ['"' . str_replace(['"', '.'], ['""', '"."'], $name) . '"']);
        foreach ($constraints as $row) {
            $members = explode("\n", $row->columns);
            if ($row->contype === 'p') {
                $primary = $members;
            } elseif ($row->contype === 'u') {
                $uniques[$row->conname] = $members;
            } else {
                $rule = ['c' => 'CASCADE', 'n' => 'SET NULL', 'd' => 'SET DEFAULT', 'r' => 'RESTRICT'][$row->confdeltype] ?? 'NO ACTION';
                $foreign[] = ['name' => $row->conname, 'columns' => $members, 'table' => $row->referenced, 'references' => explode("\n", $row->to_columns), 'on_delete' => $rule];
            }
        }
        return new Table($table, $columns, $primary, $uniques, $this->withoutPrefix($connection, $foreign));
    }

    private function mysql(Connection $connection, string $table, string $name): Table
    {
        $columns = $primary = $uniques = $foreign = [];
        $rows = $connection->select(
            'SELECT column_name AS name, column_type AS type, is_nullable AS nullable, column_default AS preset, extra FROM information_schema.columns'
            . ' WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position',
            [$name],
        );
        foreach ($rows as $row) {
            $extra = strtolower((string) $row->extra);
            $generated = str_contains($extra, 'virtual generated') || str_contains($extra, 'stored generated');
            $columns[$row->name] = Column::of($row->name, $row->type, $row->nullable === 'YES', $row->preset !== null || str_contains($extra, 'auto_increment'), $generated);
        }
        $rows = $connection->select(
            'SELECT index_name AS name, column_name AS member FROM information_schema.statistics'
            . ' WHERE table_schema = DATABASE() AND table_name = ? AND non_unique = 0 ORDER BY index_name, seq_in_index',
            [$name],
        );
        foreach ($rows as $row) {
            $row->name === 'PRIMARY' ? $primary[] = $row->member : $uniques[$row->name][] = $row->member;
        }
        $rows = $connection->select(
            'SELECT k.constraint_name AS name, k.column_name AS member, k.referenced_table_name AS referenced, k.referenced_column_name AS target, r.delete_rule AS rule'
            . ' FROM information_schema.key_column_usage k JOIN information_schema.referential_constraints r'
            . ' ON r.constraint_schema = k.table_schema AND r.constraint_name = k.constraint_name AND r.table_name = k.table_name'
            . ' WHERE k.table_schema = DATABASE() AND k.table_name = ? AND k.referenced_table_name IS NOT NULL ORDER BY k.constraint_name, k.ordinal_position',
            [$name],
        );
        foreach ($rows as $row) {
            $foreign[$row->name] ??= ['name' => $row->name, 'columns' => [], 'table' => $row->referenced, 'references' => [], 'on_delete' => $row->rule];
            $foreign[$row->name]['columns'][] = $row->member;
            $foreign[$row->name]['references'][] = $row->target;
        }
        return new Table($table, $columns, $primary, $uniques, $this->withoutPrefix($connection, array_values($foreign)));
    }

    /**
     * @param list<array{name: string, columns: list<string>, table: string, references: list<string>, on_delete: string}> $foreign
     * @return list<array{name: string, columns: list<string>, table: string, references: list<string>, on_delete: string}>
     */
    private function withoutPrefix(Connection $connection, array $foreign): array
    {
        $prefix = $connection->getTablePrefix();
        foreach ($foreign as &$key) {
            if ($prefix !== '' && str_starts_with($key['table'], $prefix)) {
                $key['table'] = substr($key['table'], strlen($prefix));
            }
        }
        return $foreign;
    }
}
