<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel\Models;

use Cognate\Laravel\Syncable;
use Illuminate\Database\Eloquent\Model;

/** Is read by a class of its own. */
class Page extends Model
{
    use Syncable;

    protected $table = 'posts';
    protected $guarded = [];

    public function syncModel(): string
    {
        return 'pages';
    }

    public function syncReader(): ?string
    {
        return PageReader::class;
    }
}
