<?php

declare(strict_types=1);

namespace Cognate\Laravel\Files;

use Cognate\Laravel\Definition;
use Cognate\Laravel\Exceptions\InvalidDefinition;
use Cognate\Laravel\PivotRecord;
use Cognate\Laravel\Schema\Tables;
use Cognate\V1\FieldType;
use Illuminate\Contracts\Container\Container;
use Illuminate\Database\Eloquent\Model;

/** Which fields of which model lead to files, and which resolver knows them: one that was named for the model's class before the package's own. */
final class FileResolvers
{
    private const OWN = [ColumnFiles::class, ListFiles::class, MediaFiles::class];

    /** @var array<string, list<FileResolver>> by class of the model */
    private array $resolvers = [];
    /** @var array<string, array<string, FileField>> by name of the model */
    private array $fields = [];
    /** @var array<string, array<string, FileField>> by name of the model */
    private array $beside = [];
    /** @var array<class-string, class-string<FileResolver>> */
    private array $named;

    public function __construct(private readonly FileSettings $settings, private readonly Tables $tables, private readonly Container $container)
    {
        $this->named = $settings->resolvers;
    }

    /**
     * Names a resolver for a model and the classes that extend it.
     *
     * @param class-string<Model> $model
     * @param class-string<FileResolver> $resolver
     */
    public function register(string $model, string $resolver): void
    {
        $this->named = [$model => $resolver] + $this->named;
        $this->resolvers = $this->fields = $this->beside = [];
    }

    /**
     * All of a model, also those that are told by the names and the types of its columns.
     *
     * @return array<string, FileField>
     */
    public function fields(Definition $definition): array
    {
        return $this->fields[$definition->name] ??= $this->look($definition);
    }

    /**
     * Those that are no columns. A save asks for them: nothing is read of the table for it.
     *
     * @return array<string, FileField>
     */
    public function beside(Definition $definition): array
    {
        return $this->beside[$definition->name] ??= array_filter($this->declared($definition), static fn (FileField $field): bool => !$field->isColumn());
    }

    /** @return array<string, FileField> */
    private function look(Definition $definition): array
    {
        $fields = $this->declared($definition);
        if (!$this->settings->enabled || is_a($definition->class, PivotRecord::class, true)) {
            return $fields;
        }
        $columns = $this->tables->of($definition->connection(), $definition->table)->columns;
        $casts = $definition->newModel()->getCasts();
        foreach ($columns as $name => $column) {
            $cast = $casts[$name] ?? '';
            $type = is_string($cast) && $cast !== '' ? $column->cast($cast)->type : $column->type;
            $canHold = in_array($type, [FieldType::FIELD_TYPE_TEXT, FieldType::FIELD_TYPE_JSON], true);
            if (!isset($fields[$name]) && $canHold && $definition->has($name) && !in_array($name, $definition->keyFields, true) && $this->settings->detects($name)) {
                $fields[$name] = FileField::of($definition->class, $name, null, $this->settings);
            }
            if (isset($fields[$name]) && $fields[$name]->kind === FileField::COLUMN && $type === FieldType::FIELD_TYPE_JSON) {
                $option = $definition->files[$name] ?? null;
                $fields[$name] = FileField::of($definition->class, $name, ['list' => true] + (is_array($option) ? $option : ['disk' => (string) $option]), $this->settings);
            }
        }
        foreach ($fields as $name => $field) {
            if ($field->isColumn() && !isset($columns[$name])) {
                throw new InvalidDefinition("cognate: $definition->class::syncFiles() names $name, and $definition->table has no such column");
            }
        }
        return $fields;
    }

    /** @return array<string, FileField> */
    private function declared(Definition $definition): array
    {
        if (!$this->settings->enabled || is_a($definition->class, PivotRecord::class, true)) {
            return [];
        }
        $options = $definition->files;
        foreach ($this->of($definition->class) as $resolver) {
            $options += $resolver->fields($definition->newModel());
        }
        $fields = [];
        foreach (array_diff_key($options, array_flip($definition->hidden)) as $name => $option) {
            $fields[$name] = FileField::of($definition->class, (string) $name, $option, $this->settings);
        }
        return $fields;
    }

    public function for(string $class, FileField $field): FileResolver
    {
        foreach ($this->of($class) as $resolver) {
            if ($resolver->resolves($field)) {
                return $resolver;
            }
        }
        throw new InvalidDefinition("cognate: nothing resolves the file field $field->name of $class, which is of the kind $field->kind; name a class for it in cognate.files.resolvers");
    }

    /** @return list<FileResolver> */
    private function of(string $class): array
    {
        if (!isset($this->resolvers[$class])) {
            $named = array_filter($this->named, static fn (string $model): bool => is_a($class, $model, true), ARRAY_FILTER_USE_KEY);
            $this->resolvers[$class] = array_map(fn (string $resolver): FileResolver => $this->container->make($resolver), [...array_values($named), ...self::OWN]);
        }
        return $this->resolvers[$class];
    }
}
