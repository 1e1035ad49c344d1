<?php

declare(strict_types=1);

namespace Cognate\WordPress;

use Cognate\V1\DeleteRule;
use Cognate\V1\FieldType;
use Cognate\V1\FileField;
use Cognate\V1\FileKind;
use Cognate\V1\ForeignKey;
use Cognate\V1\Model;
use Cognate\V1\ModelField;
use Cognate\V1\UniqueConstraint;
use Cognate\WordPress\Kinds\Field;
use Cognate\WordPress\Kinds\Kind;
use Cognate\WordPress\Kinds\Kinds;
use Cognate\WordPress\Store\Facts;

/** Tells the hub what models there are, of chosen fields alone. */
final class Catalogue
{
    private const TOLD = 'catalogue';

    public function __construct(private readonly Kinds $kinds, private readonly Hub $hub, private readonly Facts $facts)
    {
    }

    /** @return list<string> syncs that are broken or mended by it */
    public function tellIfChanged(): array
    {
        $models = array_values(array_map($this->model(...), $this->kinds->all()));
        $hash = md5(implode("\0", array_map(static fn (Model $model): string => $model->serializeToString(), $models)) . $this->hub->platform());
        return $models === [] || $this->facts->get(self::TOLD) === $hash ? [] : $this->tell($models, $hash);
    }

    public function forget(): void
    {
        $this->facts->set(self::TOLD, null);
    }

    /** @param list<Model> $models @return list<string> */
    private function tell(array $models, string $hash): array
    {
        $drifts = [];
        foreach ($this->hub->putModels($models)->getDrifts() as $drift) {
            $drifts[] = $drift->getSync() . ($drift->getBroken() === '' ? ' fits again' : ' is broken: ' . $drift->getBroken());
        }
        $this->facts->set(self::TOLD, $hash);
        return $drifts;
    }

    public function model(Kind $kind): Model
    {
        $key = (string) array_key_first($kind->fields());
        $fields = $keys = $files = [];
        foreach ($kind->fields() as $field) {
            $fields[] = self::field($field);
            $other = $field->model === '' ? null : $this->kinds->named($field->model);
            if ($other !== null && $field->type === FieldType::FIELD_TYPE_INTEGER) {
                $keys[] = new ForeignKey(['name' => "declared_$field->name", 'fields' => [$field->name], 'model' => $other->name(),
                    'referenced_fields' => [(string) array_key_first($other->fields())], 'delete_rule' => DeleteRule::DELETE_RULE_SET_NULL]);
            }
            if ($field->isFile) {
                $files[] = new FileField(['kind' => FileKind::FILE_KIND_META, 'field' => $field->name, 'meta_key' => $field->metaKey]);
            }
        }
        $uniques = [];
        foreach ($kind->uniques() as $members) {
            if (array_diff($members, array_keys($kind->fields())) === []) {
                $uniques[] = new UniqueConstraint(['name' => implode('_', $members), 'fields' => $members]);
            }
        }
        return new Model(['model' => $kind->name(), 'key_fields' => [$key], 'fields' => $fields, 'foreign_keys' => $keys, 'file_fields' => $files,
            'uniques' => $uniques, 'title_field' => $kind->title()]);
    }

    private static function field(Field $field): ModelField
    {
        $model = new ModelField(['name' => $field->name, 'type' => $field->type, 'nullable' => $field->isNullable, 'has_default' => true,
            'generated' => $field->isGenerated, 'max_length' => $field->maxLength]);
        if ($field->type === FieldType::FIELD_TYPE_INTEGER) {
            $model->setSizeBits(64);
        }
        if ($field->type === FieldType::FIELD_TYPE_LIST) {
            $model->setElementType($field->model === '' ? FieldType::FIELD_TYPE_TEXT : FieldType::FIELD_TYPE_INTEGER);
        }
        return $model;
    }
}
