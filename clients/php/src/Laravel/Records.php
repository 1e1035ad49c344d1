<?php

declare(strict_types=1);

namespace Cognate\Laravel;

use Cognate\Laravel\Files\FileResolvers;
use Cognate\Laravel\Schema\Column;
use Cognate\Laravel\Schema\Table;
use Cognate\Laravel\Schema\Tables;
use Cognate\V1\FieldType;
use Illuminate\Contracts\Container\Container;
use Illuminate\Database\Connection;
use Illuminate\Database\Eloquent\Model;
use Illuminate\Database\MySqlConnection;

/** Reads records as they travel: the declared columns as the table has them, or what the model's Reader says. */
final class Records
{
    public const ACTING_IDENTITY = 'acting_identity';

    /** @var array<string, array<string, Column>> */
    private array $columns = [];
    /** @var array<string, string> statements of `read` */
    private array $reads = [];

    public function __construct(private readonly Tables $tables, private readonly Container $container, private readonly FileResolvers $files)
    {
    }

    /**
     * The row as the database has it now, within the caller's transaction: another process may have changed columns that this model
     * was read before.
     *
     * @param bool $lock nobody else changes it until the transaction ends; what was just written is locked already
     * @return array<string, mixed>|null by column, raw; null: there is none
     */
    public function read(Definition $definition, Model $model, bool $lock = false): ?array
    {
        $connection = $model->getConnection();
        // MySQL shows a transaction what was there when it first looked, except by a read that locks.
        $lock = $lock || $connection instanceof MySqlConnection;
        $key = array_map(static fn (string $field): mixed => $model->getAttributes()[$field] ?? null, $definition->keyFields);
        if (in_array(null, $key, true)) {
            return null;
        }
        // Each save runs this: the builder makes the same text of it each time.
        $statement = implode(' ', [$connection->getDriverName(), $connection->getTablePrefix(), $definition->table, ...$definition->keyFields, $lock ? 'lock' : '']);
        $this->reads[$statement] ??= $this->statement($connection, $definition, $lock);
        $row = $connection->selectOne($this->reads[$statement], $key, false);
        return $row === null ? null : $this->travelling($definition, $model, (array) $row);
    }

    private function statement(Connection $connection, Definition $definition, bool $lock): string
    {
        $query = $connection->table($definition->table);
        foreach ($definition->keyFields as $field) {
            $query->where($field, '');
        }
        return ($lock ? $query->lockForUpdate() : $query)->toSql();
    }

    /**
     * The same of several records.
     *
     * @param array<string, Model> $records by local id
     * @return array<string, array<string, mixed>> by local id; those that are there
     */
    public function readMany(Definition $definition, array $records): array
    {
        $found = [];
        foreach (array_chunk($records, 100, true) as $some) {
            $query = $definition->connection()->table($definition->table)->useWritePdo();
            if (count($definition->keyFields) === 1) {
                $query->whereIn($definition->keyFields[0], array_map('strval', array_keys($some)));
            } else {
                $query->where(function ($query) use ($definition, $some): void {
                    foreach (array_keys($some) as $localId) {
                        $query->orWhere(static fn ($one) => $one->where($definition->keyOf((string) $localId)));
                    }
                });
            }
            foreach ($query->get() as $row) {
                $localId = $definition->localId((array) $row);
                $found[$localId] = $this->travelling($definition, $some[$localId], (array) $row);
            }
        }
        return $found;
    }

    /**
     * @param array<string, mixed> $row
     * @return array<string, mixed>
     */
    public function travelling(Definition $definition, Model $model, array $row): array
    {
        $values = array_filter($row, static fn (string $column): bool => $definition->has($column), ARRAY_FILTER_USE_KEY);
        // A stream can be read once.
        $values = array_map(static fn (mixed $value): mixed => is_resource($value) ? new Bytes((string) stream_get_contents($value)) : $value, $values);
        if ($definition->reader !== null) {
            $known = $this->columns($definition);
            $read = $this->reader($definition)->read($model, $values);
            $values = array_intersect_key($read, $known) + array_intersect_key($values, array_flip($definition->keyFields));
        }
        foreach ($this->files->beside($definition) as $name => $field) {
            $values[$name] = $this->files->for($definition->class, $field)->read($field, $model);
        }
        if ($definition->actsAs && method_exists($model, 'syncActingIdentity')) {
            $values[self::ACTING_IDENTITY] = $model->syncActingIdentity();
        }
        return $values;
    }

    /**
     * Fields that travel, with their types: columns as the model casts them, what its Reader adds, the acting identity.
     *
     * @return array<string, Column>
     */
    public function columns(Definition $definition): array
    {
        if (isset($this->columns[$definition->name])) {
            return $this->columns[$definition->name];
        }
        $model = $definition->newModel();
        $casts = $model->getCasts();
        $columns = [];
        foreach ($this->table($definition)->columns as $name => $column) {
            if ($definition->has($name)) {
                $columns[$name] = isset($casts[$name]) && is_string($casts[$name]) ? $column->cast($casts[$name]) : $column;
            }
        }
        if ($definition->reader !== null) {
            foreach ($this->reader($definition)->fields() as $name => $type) {
                $columns[$name] ??= new Column($name, Column::TYPES[$type] ?? FieldType::FIELD_TYPE_TEXT, $type, true, true, $definition->handler === null);
            }
        }
        foreach (array_keys($this->files->beside($definition)) as $name) {
            $columns[$name] ??= new Column((string) $name, FieldType::FIELD_TYPE_JSON, 'files', true, true);
        }
        if ($definition->actsAs) {
            $columns[self::ACTING_IDENTITY] ??= new Column(self::ACTING_IDENTITY, FieldType::FIELD_TYPE_TEXT, 'identity', true, true, true);
        }
        return $this->columns[$definition->name] = $columns;
    }

    public function table(Definition $definition): Table
    {
        return $this->tables->of($definition->connection(), $definition->table);
    }

    private function reader(Definition $definition): Reader
    {
        $reader = $this->container->make((string) $definition->reader);
        assert($reader instanceof Reader);
        return $reader;
    }
}
