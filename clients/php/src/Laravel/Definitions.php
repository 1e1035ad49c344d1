<?php

declare(strict_types=1);

namespace Cognate\Laravel;

use Cognate\Laravel\Exceptions\InvalidDefinition;
use Illuminate\Database\Eloquent\Model;
use Illuminate\Database\Eloquent\Relations\BelongsToMany;
use Illuminate\Database\Eloquent\Relations\MorphToMany;
use Illuminate\Database\Eloquent\Relations\Pivot;
use ReflectionClass;
use ReflectionMethod;

/**
 * The models that may be synced, and no others: those of the configuration, and those with the trait that were used in this process.
 */
final class Definitions
{
    /** @var array<string, Definition> by name */
    private array $byName = [];
    /** @var array<class-string, string> names of classes */
    private array $names = [];
    /** @var list<class-string|array{class-string, array<string, mixed>}> of the configuration, not read yet */
    private array $waiting = [];

    /** @param array<int|string, mixed> $models classes, or options by class */
    public function __construct(array $models = [])
    {
        foreach ($models as $class => $options) {
            $this->waiting[] = is_int($class) ? (string) $options : [$class, (array) $options];
        }
    }

    /** Adds a class with the trait, or any other with what is to be known of it. */
    public function add(string $class, array $options = []): Definition
    {
        if (isset($this->names[$class])) {
            return $this->byName[$this->names[$class]];
        }
        if (!is_a($class, Model::class, true)) {
            throw new InvalidDefinition("cognate.models: got $class, want the class of an Eloquent model");
        }
        $model = new $class();
        $definition = $this->build($model, $options);
        $other = $this->byName[$definition->name] ?? null;
        if ($other !== null && !$other->isPivot) {
            throw new InvalidDefinition("cognate: $class and $other->class are both the model $definition->name; give one another name by syncModel()");
        }
        $this->names[$class] = $definition->name;
        $this->byName[$definition->name] = $definition;
        foreach ($this->option($model, $options, 'pivots', 'syncPivots', []) as $relation) {
            $this->addPivot($model, $relation);
        }
        return $definition;
    }

    public function of(Model $model): ?Definition
    {
        if ($model instanceof PivotRecord) {
            return $this->byName[$model->getTable()] ?? null;
        }
        $this->read();
        foreach ([get_class($model), ...array_values(class_parents($model) ?: [])] as $class) {
            if (isset($this->names[$class])) {
                return $this->byName[$this->names[$class]];
            }
        }
        return method_exists($model, 'bootSyncable') ? $this->add(get_class($model)) : null;
    }

    public function named(string $name): ?Definition
    {
        $this->read();
        return $this->byName[$name] ?? null;
    }

    /** By its name, its class, or the last part of its class. */
    public function find(string $word): ?Definition
    {
        $this->read();
        foreach ($this->byName as $definition) {
            if (in_array($word, [$definition->name, $definition->class, class_basename($definition->class)], true)) {
                return $definition;
            }
        }
        return null;
    }

    /** @return array<string, Definition> by name */
    public function all(): array
    {
        $this->read();
        return $this->byName;
    }

    private function read(): void
    {
        while (($entry = array_shift($this->waiting)) !== null) {
            is_array($entry) ? $this->add($entry[0], $entry[1]) : $this->add($entry);
        }
    }

    /** @param array<string, mixed> $options */
    private function option(Model $model, array $options, string $name, string $method, mixed $default): mixed
    {
        return $options[$name] ?? (method_exists($model, $method) ? $model->{$method}() : $default);
    }

    /** @param array<string, mixed> $options */
    private function build(Model $model, array $options): Definition
    {
        $class = get_class($model);
        $option = fn (string $name, string $method, mixed $default): mixed => $this->option($model, $options, $name, $method, $default);
        $key = array_values((array) $option('key', 'syncKey', $model instanceof Pivot && !$model->getIncrementing() ? [] : [$model->getKeyName()]));
        if ($key === [] || in_array('', $key, true) || in_array(null, $key, true)) {
            throw new InvalidDefinition("cognate: $class has no key; say its columns by syncKey()");
        }
        $references = [];
        foreach ($option('references', 'syncReferences', []) as $column => $to) {
            $references[$column] = is_a($to, Model::class, true) ? $this->nameOf($to) : (string) $to;
        }
        $files = [];
        foreach ($option('files', 'syncFiles', []) as $column => $disk) {
            is_int($column) ? $files[(string) $disk] = null : $files[$column] = $disk;
        }
        $trashed = (bool) $option('trashed', 'syncTrashed', false);
        $hidden = array_values($option('hidden', 'syncHidden', $model->getHidden()));
        if (!$trashed && method_exists($model, 'getDeletedAtColumn')) {
            // Of a record that is there it says nothing.
            $hidden[] = $model->getDeletedAtColumn();
        }
        return new Definition(
            name: (string) $option('model', 'syncModel', $model->getTable()),
            class: $class,
            table: $model->getTable(),
            connection: $model->getConnectionName(),
            keyFields: $key,
            fields: array_values($option('fields', 'syncFields', [])),
            hidden: $hidden,
            files: $files,
            references: $references,
            morphs: array_values($option('morphs', 'syncMorphs', [])),
            handler: $option('handler', 'syncHandler', null),
            reader: $option('reader', 'syncReader', null),
            trashed: $trashed,
            assignable: $option('assignable', 'syncAssignable', null),
            touches: array_values($option('touches', 'touchesInSync', [])),
            actsAs: self::overrides($model, 'syncActingIdentity'),
            hasCondition: self::overrides($model, 'shouldSync') || self::overrides($model, 'shouldUnsync'),
        );
    }

    /** Whether the class says more than the trait does. */
    private static function overrides(Model $model, string $method): bool
    {
        return method_exists($model, $method) && (new ReflectionMethod($model, $method))->getFileName() !== (new ReflectionClass(Syncable::class))->getFileName();
    }

    /** @param class-string<Model> $class */
    private function nameOf(string $class): string
    {
        if (isset($this->names[$class])) {
            return $this->names[$class];
        }
        $model = new $class();
        return method_exists($model, 'syncModel') ? (string) $model->syncModel() : $model->getTable();
    }

    private function addPivot(Model $model, string $relation): void
    {
        $joined = method_exists($model, $relation) ? $model->{$relation}() : null;
        if (!$joined instanceof BelongsToMany) {
            throw new InvalidDefinition('cognate: ' . get_class($model) . "::syncPivots() names $relation, want a belongsToMany or morphToMany relation");
        }
        $table = $joined->getTable();
        if (isset($this->byName[$table])) {
            return;
        }
        if (method_exists($joined->getPivotClass(), 'bootSyncable')) {
            $this->add($joined->getPivotClass());
            return;
        }
        $fields = [$joined->getForeignPivotKeyName(), $joined->getRelatedPivotKeyName()];
        $references = [
            $joined->getForeignPivotKeyName() => $this->nameOf(get_class($model)),
            $joined->getRelatedPivotKeyName() => $this->nameOf(get_class($joined->getRelated())),
        ];
        $morphs = [];
        if ($joined instanceof MorphToMany) {
            $fields[] = $joined->getMorphType();
            $morphs[] = (string) preg_replace('/_type$/', '', $joined->getMorphType());
            unset($references[str_replace('_type', '_id', $joined->getMorphType())]);
        }
        // The same from whichever side it is seen.
        sort($fields);
        ksort($references);
        $this->byName[$table] = new Definition($table, PivotRecord::class, $table, $model->getConnectionName(), $fields, [], [], [], $references, $morphs, isPivot: true);
    }
}
