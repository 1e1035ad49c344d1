<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel\Models;

use Cognate\Laravel\Reader;
use Illuminate\Database\Eloquent\Model;

final class PageReader implements Reader
{
    public function fields(): array
    {
        return ['words' => 'integer'];
    }

    public function read(Model $model, array $columns): array
    {
        return ['title' => strtoupper($columns['title']), 'words' => str_word_count((string) $columns['body']), 'undeclared' => 'x'];
    }
}
