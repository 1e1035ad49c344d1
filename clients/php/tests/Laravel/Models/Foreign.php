<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel\Models;

use Illuminate\Database\Eloquent\Model;

/** As another package would bring it: without the trait. */
class Foreign extends Model
{
    protected $table = 'users';
    protected $guarded = [];
    public $timestamps = false;
}
