<?php

declare(strict_types=1);

namespace Cognate\Tests\Filament\Support;

use Cognate\Laravel\Syncable;
use Illuminate\Database\Eloquent\Model;

/** Goes wherever a sync leads. */
class Note extends Model
{
    use Syncable;

    public $timestamps = false;
    protected $table = 'notes';
    protected $guarded = [];
}
