<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel\Models;

use Cognate\Laravel\Syncable;
use Illuminate\Database\Eloquent\Relations\Pivot;

/** A pivot with a class. */
class Attachment extends Pivot
{
    use Syncable;

    protected $table = 'post_tag';
    public $timestamps = false;
    public static int $calls = 0;

    public function syncKey(): array
    {
        return ['post_id', 'tag_id'];
    }
}
