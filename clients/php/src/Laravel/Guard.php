<?php

declare(strict_types=1);

namespace Cognate\Laravel;

use Illuminate\Database\Eloquent\Model;

/** What is not captured while it is written: one record, or all of one model. */
final class Guard
{
    private bool $hasBegun = false;

    private function __construct(private readonly Definition $definition, private readonly ?Model $record)
    {
    }

    /** The record, also under another instance, and also while it has no key yet. */
    public static function ofRecord(Definition $definition, Model $record): self
    {
        return new self($definition, $record);
    }

    /** A handler writes by means of its own; nobody knows which instance it will be. */
    public static function ofModel(Definition $definition): self
    {
        return new self($definition, null);
    }

    public function covers(Definition $definition, Model $model): bool
    {
        if ($definition->name !== $this->definition->name) {
            return false;
        }
        if ($this->record === null || $this->record === $model) {
            return true;
        }
        $localId = $definition->localId($this->record->getAttributes());
        return $localId !== '' && $localId === $definition->localId($model->getAttributes());
    }

    /** Whether it is the record's own write, and the first one. */
    public function begins(Model $model): bool
    {
        return $this->record === $model && !$this->hasBegun && ($this->hasBegun = true);
    }

    public function coversModel(Definition $definition): bool
    {
        return $this->record === null && $definition->name === $this->definition->name;
    }
}
