<?php

declare(strict_types=1);

namespace Cognate\Laravel;

use Illuminate\Database\Eloquent\Model;

/**
 * Reads the records of one model in the place of the package: fields that are no columns, values of other tables. Comes out of the
 * container. What it names in `fields()` can only be read here, and is not written by deliveries unless the model has a Handler.
 */
interface Reader
{
    /**
     * Fields that are no columns of the table, with their types: a name of Schema\Column::TYPES such as `text` or `json`.
     *
     * @return array<string, string>
     */
    public function fields(): array;

    /**
     * The record as it travels, by field. Fields that the model does not declare are left out.
     *
     * @param array<string, mixed> $columns what the table has, of the declared columns
     * @return array<string, mixed>
     */
    public function read(Model $model, array $columns): array;
}
