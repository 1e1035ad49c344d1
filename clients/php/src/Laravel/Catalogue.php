<?php

declare(strict_types=1);

namespace Cognate\Laravel;

use Cognate\Laravel\Files\FileResolvers;
use Cognate\Laravel\Schema\Column;
use Cognate\V1\DeleteRule;
use Cognate\V1\FileField;
use Cognate\V1\FileKind;
use Cognate\V1\ForeignKey;
use Cognate\V1\Model;
use Cognate\V1\ModelField;
use Cognate\V1\Pivot;
use Cognate\V1\PivotEvidence;
use Cognate\V1\PivotSide;
use Cognate\V1\PolymorphicPair;
use Cognate\V1\UniqueConstraint;

/** Tells the hub what models there are, of declared columns alone. */
final class Catalogue
{
    private const TOLD = 'catalogue';
    private const RULES = [
        'CASCADE' => DeleteRule::DELETE_RULE_CASCADE,
        'RESTRICT' => DeleteRule::DELETE_RULE_RESTRICT,
        'SET NULL' => DeleteRule::DELETE_RULE_SET_NULL,
        'SET DEFAULT' => DeleteRule::DELETE_RULE_SET_DEFAULT,
    ];

    public function __construct(
        private readonly Definitions $definitions,
        private readonly Records $records,
        private readonly Hub $hub,
        private readonly Settings $settings,
        private readonly FileResolvers $files,
    ) {
    }

    /** @return list<Model> */
    public function models(): array
    {
        return array_values(array_map([$this, 'model'], $this->definitions->all()));
    }

    /** @return list<string> syncs that are broken or mended by it */
    public function tellIfChanged(): array
    {
        $models = $this->models();
        $hash = md5(implode("\0", array_map(static fn (Model $model): string => $model->serializeToString(), $models)) . $this->hub->platform());
        return $models === [] || $this->settings->get(self::TOLD) === $hash ? [] : $this->tell($models, $hash);
    }

    /**
     * @param list<Model> $models
     * @return list<string>
     */
    private function tell(array $models, string $hash): array
    {
        $answer = $this->hub->putModels($models);
        $this->settings->set(self::TOLD, $hash);
        $drifts = [];
        foreach ($answer->getDrifts() as $drift) {
            $drifts[] = $drift->getSync() . ($drift->getBroken() === '' ? ' fits again' : ' is broken: ' . $drift->getBroken());
        }
        return $drifts;
    }

    public function model(Definition $definition): Model
    {
        $table = $this->records->table($definition);
        if (!$table->exists()) {
            throw new Exceptions\InvalidDefinition("cognate: $definition->class has no table $definition->table; run the migrations");
        }
        $columns = $this->records->columns($definition);
        $travels = static fn (array $names): bool => array_diff($names, array_keys($columns)) === [];
        $model = (new Model())->setModel($definition->name)->setKeyFields($definition->keyFields)
            ->setFields(array_values(array_map([self::class, 'field'], $columns)));
        $uniques = [];
        foreach ($table->uniques as $name => $members) {
            if ($travels($members)) {
                $uniques[] = (new UniqueConstraint())->setName((string) $name)->setFields($members);
            }
        }
        $model->setUniques($uniques);
        $model->setForeignKeys($this->foreignKeys($definition, $travels));
        $model->setPolymorphicPairs($this->pairs($definition, $travels));
        $files = [];
        foreach (array_keys($this->files->fields($definition)) as $column) {
            $files[] = (new FileField())->setKind(FileKind::FILE_KIND_NATIVE)->setField((string) $column);
        }
        $model->setFileFields($files);
        if ($definition->isPivot && count($definition->references) === 2) {
            $sides = [];
            foreach ($definition->references as $column => $to) {
                $sides[] = (new PivotSide())->setFields([$column])->setModel($to);
            }
            $model->setPivot((new Pivot())->setEvidence(PivotEvidence::PIVOT_EVIDENCE_KEYS)->setSides($sides));
        }
        if ($definition->assignable !== null) {
            $model->setAssignable($definition->assignable);
        }
        return $model;
    }

    private static function field(Column $column): ModelField
    {
        return (new ModelField())->setName($column->name)->setType($column->type)->setNativeType($column->nativeType)->setNullable($column->nullable)
            ->setHasDefault($column->hasDefault)->setGenerated($column->generated)->setSizeBits($column->sizeBits)->setMaxLength($column->maxLength)
            ->setPrecision($column->precision)->setScale($column->scale)->setEnumLabels($column->labels);
    }

    /** @return list<ForeignKey> of the database, and what the model declares beside them */
    private function foreignKeys(Definition $definition, \Closure $travels): array
    {
        $byTable = [];
        foreach ($this->definitions->all() as $other) {
            $byTable[$other->table] = $other;
        }
        $keys = $covered = [];
        foreach ($this->records->table($definition)->foreignKeys as $key) {
            $to = $byTable[$key['table']] ?? null;
            if ($to === null || !$travels($key['columns']) || array_diff($key['references'], $to->keyFields) !== []) {
                continue;
            }
            $keys[] = (new ForeignKey())->setName($key['name'])->setFields($key['columns'])->setModel($to->name)->setReferencedFields($key['references'])
                ->setDeleteRule(self::RULES[$key['on_delete']] ?? DeleteRule::DELETE_RULE_NO_ACTION);
            array_push($covered, ...$key['columns']);
        }
        foreach ($definition->references as $column => $name) {
            $to = $this->definitions->named($name);
            if ($to !== null && !in_array($column, $covered, true) && $travels([$column]) && count($to->keyFields) === 1) {
                $keys[] = (new ForeignKey())->setName("declared_$column")->setFields([$column])->setModel($to->name)->setReferencedFields($to->keyFields)
                    ->setDeleteRule(DeleteRule::DELETE_RULE_NO_ACTION);
            }
        }
        return $keys;
    }

    /** @return list<PolymorphicPair> */
    private function pairs(Definition $definition, \Closure $travels): array
    {
        $pairs = [];
        foreach ($definition->morphs as $name) {
            if (!$travels(["{$name}_type", "{$name}_id"])) {
                throw new Exceptions\InvalidDefinition("cognate: $definition->class::syncMorphs() names $name, and {$name}_type and {$name}_id are not both among its fields");
            }
            $types = [];
            foreach ($this->definitions->all() as $other) {
                if (!$other->isPivot) {
                    $types[] = $other->newModel()->getMorphClass();
                }
            }
            $pairs[] = (new PolymorphicPair())->setName($name)->setTypeField("{$name}_type")->setIdField("{$name}_id")->setTypes(array_slice($types, 0, 100));
        }
        return $pairs;
    }
}
