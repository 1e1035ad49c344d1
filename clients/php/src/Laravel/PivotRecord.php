<?php

declare(strict_types=1);

namespace Cognate\Laravel;

use Illuminate\Database\Eloquent\Builder;
use Illuminate\Database\Eloquent\Model;

/** A row of a pivot table that has no model class of its own. Its key is what joins the two sides. */
class PivotRecord extends Model
{
    public $incrementing = false;
    public $timestamps = false;
    protected $guarded = [];
    /** @var list<string> */
    private array $keyFields = [];

    public static function of(Definition $definition): self
    {
        return (new self())->setConnection($definition->connection)->bindTo($definition);
    }

    /** @return $this */
    public function bindTo(Definition $definition): self
    {
        $this->setTable($definition->table);
        $this->keyFields = $definition->keyFields;
        $this->primaryKey = $definition->keyFields[0];
        return $this;
    }

    /** @return static */
    public function newInstance($attributes = [], $exists = false)
    {
        $model = parent::newInstance($attributes, $exists);
        $model->keyFields = $this->keyFields;
        $model->primaryKey = $this->primaryKey;
        return $model;
    }

    /** @param Builder<static> $query */
    protected function setKeysForSaveQuery($query)
    {
        foreach ($this->keyFields as $field) {
            $query->where($field, $this->original[$field] ?? $this->getAttribute($field));
        }
        return $query;
    }
}
